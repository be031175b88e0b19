"""What Prometheus is told about a text worker. No text, and nobody's id, is in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from models.text.engine import TextEngine
from models.text.scores import TextScores
from streams.text.window import Scored

_SECONDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
MOST_CLASSES = 20
"""Classes of reasons that are told apart; all others count as ``other``."""


class EngineFigures(Collector):
    """What the engine has done, asked when somebody looks."""

    def __init__(self, engine: TextEngine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Metric]:
        for name, value in asdict(self._engine.figures).items():
            yield CounterMetricFamily(f"footfall_text_engine_{name}", f"The engine's {name}", value=value)


class Metrics:
    """Thread-safe."""

    def __init__(self, engine: TextEngine) -> None:
        self.registry = registry = CollectorRegistry()
        registry.register(EngineFigures(engine))
        self.lag = Gauge(
            "footfall_text_lag_seconds", "Age of the oldest review in hand", ["partition"], registry=registry
        )
        self.overloaded = Gauge("footfall_text_overloaded", "1 while the lag is too long", registry=registry)
        self.queue = Gauge(
            "footfall_text_queue",
            "Reviews that aren't in a window yet, that are, and requests that wait",
            ["stage"],
            registry=registry,
        )
        self.windows = Counter("footfall_text_windows", "Windows that the engine scored", ["tier"], registry=registry)
        self.texts = Counter(
            "footfall_text_texts", "Texts that were scored, by who asked", ["source"], registry=registry
        )
        self.tokens = Counter("footfall_text_tokens", "Tokens of these texts", ["source"], registry=registry)
        self.truncated = Counter(
            "footfall_text_truncated", "Texts of which only a part was read", ["source"], registry=registry
        )
        self.records = Counter(
            "footfall_text_records", "Records of the stream, by what became of them", ["outcome"], registry=registry
        )
        self.stage = Histogram(
            "footfall_text_stage_seconds",
            "Time that a window or run takes",
            ["stage"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.flush = Histogram(
            "footfall_text_flush_seconds", "Time to write a window", buckets=_SECONDS, registry=registry
        )
        self.requests = Counter("footfall_text_requests", "HTTP requests to score", ["status"], registry=registry)
        self._letters = Counter(
            "footfall_text_dead_letters", "Texts that can't be scored", ["reason"], registry=registry
        )
        self._classes: set[str] = set()

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
