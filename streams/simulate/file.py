"""A simulation as JSON lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from time import perf_counter

from streams.errors import Invalid
from streams.replay.chunk import Chunk
from streams.replay.run import Progressed, ReplayReport


def written(chunks: Iterable[Chunk], path: Path, progress: Progressed) -> ReplayReport:
    """Write all records, a line each, broken ones as they are. Raises ``Invalid`` where the file can't be written."""
    began, position, by_topic = perf_counter(), 0, Counter[str]()
    try:
        with path.open("wb") as file:
            for chunk in chunks:
                file.write(b"".join([value + b"\n" for value in chunk.value]))
                by_topic.update(chunk.topic)
                position += len(chunk)
                progress(position)
    except OSError as error:
        raise Invalid(f"{path} can't be written: {error}") from None
    return ReplayReport(events=position, seconds=perf_counter() - began, by_topic=dict(sorted(by_topic.items())))
