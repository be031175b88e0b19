"""What Prometheus is told about a text worker. No text, and nobody's id, is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from models.text.engine import TextEngine
from models.text.scores import TextScores
from streams.metrics import services
from streams.metrics.exposition import Found, register
from streams.metrics.names import TEXT
from streams.metrics.spread import SECONDS
from streams.text.window import Scored

T = TypeVar("T")

MOST_CLASSES = 20
"""Classes of reasons that are told apart; all others count as ``other``."""


class Metrics:
    """Thread-safe."""

    def __init__(self, engine: TextEngine) -> None:
        self.registry = CollectorRegistry()
        register(self.registry, partial(_of_engine, engine), services.collect)
        self.lag: Gauge = self._made(Gauge, "footfall_text_lag_seconds")
        self.overloaded: Gauge = self._made(Gauge, "footfall_text_overloaded")
        self.queue: Gauge = self._made(Gauge, "footfall_text_queue")
        self.windows: Counter = self._made(Counter, "footfall_text_windows")
        self.texts: Counter = self._made(Counter, "footfall_text_texts")
        self.tokens: Counter = self._made(Counter, "footfall_text_tokens")
        self.truncated: Counter = self._made(Counter, "footfall_text_truncated")
        self.records: Counter = self._made(Counter, "footfall_text_records")
        self.stage: Histogram = self._made(Histogram, "footfall_text_stage_seconds", buckets=SECONDS)
        self.flush: Histogram = self._made(Histogram, "footfall_text_flush_seconds", buckets=SECONDS)
        self.requests: Counter = self._made(Counter, "footfall_text_requests")
        self._letters: Counter = self._made(Counter, "footfall_text_dead_letters")
        self._classes: set[str] = set()

    def _made(self, metric: Callable[..., T], name: str, **options: Any) -> T:
        declared = TEXT[name]
        return metric(name, declared.help, declared.labels, registry=self.registry, **options)

    def scored(self, scores: TextScores, source: str) -> None:
        self.texts.labels(source).inc(len(scores))
        self.tokens.labels(source).inc(int(scores.n_tokens.sum()))
        self.truncated.labels(source).inc(int(scores.truncated.sum()))
        self.windows.labels(scores.tier).inc()

    def written(self, parts: Sequence[Scored]) -> None:
        for part in parts:
            self.records.labels("scored").inc(len(part.reviews))
            self.records.labels("duplicate").inc(part.portion.n_duplicates)
            self.records.labels("passed").inc(part.portion.n_passed)
            self.records.labels("dead letter").inc(len(part.letters))
            for letter in part.letters:
                self._letters.labels(self._class_of(letter.reason)).inc()

    def watched(self, lags_s: Mapping[int, float], is_over: bool, waiting: Mapping[str, int]) -> None:
        for partition, lag_s in lags_s.items():
            self.lag.labels(str(partition)).set(lag_s)
        self.overloaded.set(is_over)
        for stage, n_texts in waiting.items():
            self.queue.labels(stage).set(n_texts)

    def _class_of(self, reason: str) -> str:
        """What it says before its first colon."""
        kind = reason.partition(":")[0]
        if kind not in self._classes and len(self._classes) >= MOST_CLASSES:
            return "other"
        self._classes.add(kind)
        return kind

    def exposed(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self.registry)


def _of_engine(engine: TextEngine) -> Iterator[Found]:
    for name, value in asdict(engine.figures).items():
        yield f"footfall_text_engine_{name}", {(): value}
