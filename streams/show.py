"""Rows as a table for people, or as a JSON object a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

_WIDEST = 10_000
"""Characters of a line, of which the terminal makes several."""


def print_rows(rows: Sequence[Mapping[str, Any]], as_json: bool, *, whole: bool = False) -> None:
    """With a column for each name of the first; no rows print nothing. What doesn't fit into the terminal's lines is
    folded, or with ``whole`` left to the terminal: ids stay in one piece."""
    from rich.console import Console
    from rich.table import Table

    if as_json:
        for row in rows:
            print_json(row)
        return
    if not rows:
        return
    table = Table(*(name.replace("_", " ") for name in rows[0]), box=None, pad_edge=False)
    for column, value in zip(table.columns, rows[0].values(), strict=True):
        column.justify = "right" if isinstance(value, int | float) and not isinstance(value, bool) else "left"
        column.overflow = "fold"
    for row in rows:
        table.add_row(*map(_shown, row.values()))
    width = Console(width=_WIDEST).measure(table).maximum if whole else None
    Console(width=width).print(table, markup=False)


def print_json(row: Mapping[str, Any]) -> None:
    import orjson

    click.echo(orjson.dumps(row))


def printable(text: str) -> str:
    """With whatever isn't printable escaped: it may be anything, and goes to a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shown_time(ms: int) -> str:
    """UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
