"""A data set in event time: its events, cut at the times at which models are renewed.

The time of an event is its own, or the latest before it where that is later: what came late wasn't known earlier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.duplicates import DuplicateWindow, identities
from schemas.batch import EventBatch
from schemas.decode import Decoder
from schemas.records import Record, Records
from schemas.topics import CARTS, INPUTS, LABELS
from streams.errors import Invalid
from streams.replay.chunk import Chunk


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some events of a data set that follow each other."""

    ts: npt.NDArray[np.int64]  # (n,) of all of them, in the order of arrival
    events: EventBatch
    """Behaviour of all topics, as if it were one topic's. Offsets are places in the data set, those of labels, too."""
    labels: EventBatch


@dataclass(frozen=True, kw_only=True)
class Step:
    """What happened in a part of the interval that began at ``at_ms``; there may be several steps of an interval."""

    at_ms: int
    events: EventBatch
    """Behaviour of all topics, in the order of arrival, as if it were one topic's."""
    labels: EventBatch
    position: int
    """Events of the data set up to its end."""


class Clock:
    """Cuts a data set into steps. Those after each other never span a multiple of ``every_ms``.

    Parameters
    ----------
    every_ms
        Event time from one renewal of the models to the next.
    duplicate_window
        Events of a topic within which one that comes twice counts once.
    """

    def __init__(self, *, every_ms: int, duplicate_window: int) -> None:
        self.every_ms = every_ms
        self._decoders = {topic: Decoder(topic) for topic in INPUTS}
        self._windows = {topic: DuplicateWindow(window=duplicate_window) for topic in INPUTS}
        self._now_ms = 0
        self._position = 0

    def steps(self, chunks: Iterable[Chunk]) -> Iterator[Step]:
        """Raises ``Invalid`` for a record that the contract has no place for, and as the source does."""
        return self.cut(self._decoded(chunk) for chunk in chunks)

    def cut(self, parts: Iterable[Part]) -> Iterator[Step]:
        """The steps of what is decoded already."""
        for part in parts:
            first = self._position
            time_ms = np.maximum.accumulate(np.maximum(part.ts, self._now_ms))
            interval = time_ms // self.every_ms  # (n,) ascending
            cuts = np.flatnonzero(np.diff(interval)) + 1
            for start, end in zip([0, *cuts.tolist()], [*cuts.tolist(), len(part.ts)], strict=True):
                self._position = first + end
                yield Step(
                    at_ms=int(interval[start]) * self.every_ms,
                    events=_between(part.events, first + start, first + end),
                    labels=_between(part.labels, first + start, first + end),
                    position=self._position,
                )
            self._now_ms = int(time_ms[-1])

    def _decoded(self, chunk: Chunk) -> Part:
        first = self._position
        topics = np.array(chunk.topic)
        behaviour = [self._of_topic(topic, chunk, topics == topic, first) for topic in INPUTS if topic != LABELS]
        # Offsets go up over all topics, so that one topic may stand for all in the profiles.
        joined = EventBatch.joined([replace(events, topic=CARTS) for events in behaviour if len(events)] or behaviour)
        labels = self._of_topic(LABELS, chunk, topics == LABELS, first)
        return Part(ts=chunk.ts, events=joined.take(np.argsort(joined.offset)), labels=labels)

    def _of_topic(self, topic: str, chunk: Chunk, chosen: npt.NDArray[np.bool_], first: int) -> EventBatch:
        rows = np.flatnonzero(chosen).tolist()
        records = [Record(first + row, int(chunk.ts[row]), chunk.key[row], chunk.value[row]) for row in rows]
        events, letters = self._decoders[topic].decode(0, Records.of(records))
        if letters:
            raise Invalid(f"event {letters[0].offset} of the data set: {letters[0].reason}")
        return events.where(self._windows[topic].admit(identities(events.user_id, events.event_id), events.offset))


def until(steps: Iterable[Step], end_ms: int, progress: Callable[[int], None]) -> Iterator[Step]:
    """The steps that begin before ``end_ms``; ``progress`` is told how many events of the data set are through."""
    for step in steps:
        if step.at_ms >= end_ms:
            return
        yield step
        progress(step.position)


def _between(events: EventBatch, first: int, end: int) -> EventBatch:
    start, stop = np.searchsorted(events.offset, [first, end]).tolist()
    return events.take(np.arange(start, stop))
