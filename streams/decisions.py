"""What was decided about the models, in ClickHouse's ``model_decisions`` table: written by a command, polled by workers
and the learner."""

from __future__ import annotations

from models.catalogue import KINDS
from models.lineup import Decision, Lineup, lineup
from schemas.alerts import Kind
from schemas.tables import TABLES
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer

_COLUMNS = tuple(TABLES["model_decisions"])


def decisions(reader: Reader) -> list[Decision]:
    """All decisions, in the order in which they were made."""
    rows = reader.query(f"SELECT {', '.join(_COLUMNS)} FROM model_decisions FINAL ORDER BY decided_ms")  # noqa: S608
    return [Decision(**dict(zip(_COLUMNS, row, strict=True))) for row in rows]


def lineups(reader: Reader) -> dict[Kind, Lineup]:
    """Which models take part now, by kind."""
    made = decisions(reader)
    return {kind: lineup(kind, made) for kind in KINDS}


def write_decision(writer: Writer, decision: Decision) -> None:
    """From now on it holds: workers follow within a round of polling."""
    columns = {column: [getattr(decision, column)] for column in _COLUMNS}
    token = f"decision-{decision.kind}-{decision.decided_ms}-{decision.action}-{decision.model}-{decision.version}"
    writer.insert("model_decisions", columns, token=token)
