"""From which scores on alerts go out: the table ``alert_thresholds``, decided by the leader, polled by workers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from schemas.alerts import Kind
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.settings import Settings


class Threshold(NamedTuple):
    """A row of the table."""

    kind: Kind
    model: str
    decided_ms: int
    threshold: float
    per_day: float
    expected_per_day: float
    scores: int
    from_ms: int
    until_ms: int


_LATEST = f"SELECT {', '.join(Threshold._fields)} FROM alert_thresholds FINAL ORDER BY decided_ms DESC LIMIT 1 BY model"  # noqa: S608


def decided(reader: Reader) -> dict[str, Threshold]:
    """The latest of each model."""
    rows = [Threshold(*row) for row in reader.query(_LATEST)]
    return {row.model: row for row in rows}


def thresholds(reader: Reader, settings: Settings, champions: Mapping[Kind, str]) -> dict[Kind, float]:
    """Of each kind's champion: what its budget has come to, but never less than the setting says, which holds by
    itself where there is no budget or nothing was decided yet. Asks nothing where no kind has a budget."""
    found = decided(reader) if any(map(settings.alerts_per_day, champions)) else {}
    least = {kind: settings.least_threshold(kind) for kind in champions}
    return {
        kind: max(least[kind], found[model].threshold)
        if settings.alerts_per_day(kind) and model in found
        else least[kind]
        for kind, model in champions.items()
    }


def write_threshold(writer: Writer, threshold: Threshold) -> None:
    """From now on it holds: workers follow within a round of polling."""
    columns = {name: [value] for name, value in threshold._asdict().items()}
    writer.insert("alert_thresholds", columns, token=f"threshold-{threshold.model}-{threshold.decided_ms}")
