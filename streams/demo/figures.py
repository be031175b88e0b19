"""What ClickHouse says after any demo."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from streams.clickhouse.reader import Reader
from streams.settings import Settings

_TABLES = ("events", "profiles", "predictions", "review_scores", "shopper_scores", "alerts", "segment_changes")


@dataclass(frozen=True, kw_only=True)
class Figures:
    profiles: dict[str, int]
    """By kind, most first."""
    tables: dict[str, int]
    """Rows by table."""
    alerts: dict[str, int]
    """That were sent, by kind."""
    suppressed: int
    reviews: int
    """Whose text was read."""


def figures(settings: Settings) -> Figures:
    """Blocks. Raises as ``Reader`` does."""
    with closing(Reader(settings)) as reader:
        return Figures(
            profiles=dict(reader.query("SELECT kind_name, count() FROM profiles FINAL GROUP BY ALL ORDER BY 2 DESC")),
            tables={
                table: reader.query(f"SELECT count() FROM {table} FINAL")[0][0]  # noqa: S608 - our own names
                for table in _TABLES
            },
            alerts=dict(reader.query("SELECT kind, count() FROM alerts FINAL WHERE suppressed_by = '' GROUP BY kind")),
            suppressed=reader.query("SELECT count() FROM alerts FINAL WHERE suppressed_by != ''")[0][0],
            reviews=reader.query("SELECT count() FROM review_scores FINAL")[0][0],
        )
