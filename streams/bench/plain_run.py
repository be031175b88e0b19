"""The plain worker over what is in its topics: a process of its own, from its start to its end."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from deploy.local.child import Child
from streams.bench.laboratory import wait_for
from streams.clickhouse.reader import Reader
from streams.settings import Settings

_COMMAND = (sys.executable, "-m", "streams.bench.plain_worker")
_WRITTEN = "SELECT count() FROM events"


@dataclass(frozen=True, kw_only=True)
class PlainRun:
    """What a plain worker took, its start and its end included."""

    cpu_s: float
    events: int
    seconds: float
    """From the first row written to the last."""

    @property
    def events_per_s(self) -> float:
        return self.events / self.seconds


def run_plain_worker(settings: Settings, folder: Path, *, events: int) -> PlainRun:
    """Run the plain worker until ``events`` rows are written; errors are those of ``wait_for``."""
    with Child(_COMMAND, settings.to_env(), folder / f"{settings.group}.log") as child:
        wait_for(child, settings, _WRITTEN, lambda number: number >= events)
        cpu_s = child.end()
    with closing(Reader(settings)) as reader:
        ((seconds,),) = reader.query("SELECT (max(written_ms) - min(written_ms)) / 1000 FROM events")
    return PlainRun(cpu_s=cpu_s, events=events, seconds=seconds)
