"""``footfall query``: ask ClickHouse, without being able to change anything."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import click

from streams.commands import with_settings
from streams.settings import Settings

TABLE_ROWS = 1_000
"""As many rows a table shows; its columns can't be laid out before all are known."""

BLOCK_ROWS = 8_192

READ_ONLY = {"readonly": 2}
"""ClickHouse refuses whatever isn't reading, but lets the driver name its settings. To a user who may only read anyway,
it would refuse the setting itself."""


@click.command("query")
@click.argument("sql")
@click.option(
    "--format", "style", type=click.Choice(["table", "csv", "json"]), default="table", help="json is one object a row."
)
@with_settings
def command(settings: Settings, sql: str, style: str) -> None:
    """Run SQL on ClickHouse and print the rows as they come. Only reading is allowed."""
    from streams.clickhouse.connection import address, connect
    from streams.clickhouse.faults import EXPECTED, one_line
    from streams.clickhouse.reader import stream
    from streams.errors import Fatal

    client = connect(settings)
    try:
        reads_only = client.execute("SELECT getSetting('readonly')")[0][0] != 0
        rows = stream(client, sql, max_block_rows=BLOCK_ROWS, settings={} if reads_only else READ_ONLY)
        names = [name for name, _ in next(rows, [])]
        _PRINTERS[style](names, rows)
    except BrokenPipeError:  # by `head` and the like
        sys.stdout = None
    except EXPECTED as error:
        raise Fatal(f"ClickHouse at {address(client)}, {one_line(error)}") from None
    finally:
        client.disconnect()


def _print_table(names: Sequence[str], rows: Iterator[Sequence[Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for name in names:
        table.add_column(Text(name), overflow="fold")
    for row in islice(rows, TABLE_ROWS):
        table.add_row(*(Text(_shown(value), justify=_side(value)) for value in row))
    console = Console()
    console.print(table)
    if next(rows, None) is not None:
        console.print(f"There are more than {TABLE_ROWS} rows: --format csv or json prints them all.", style="dim")


def _print_csv(names: Sequence[str], rows: Iterator[Sequence[Any]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_shown(value) for value in row])


def _print_json(names: Sequence[str], rows: Iterator[Sequence[Any]]) -> None:
    import orjson

    for row in rows:
        sys.stdout.write(orjson.dumps(dict(zip(names, row, strict=True)), default=_shown).decode() + "\n")


_PRINTERS: dict[str, Callable[[Sequence[str], Iterator[Sequence[Any]]], None]] = {
    "table": _print_table,
    "csv": _print_csv,
    "json": _print_json,
}


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    return str(value)


def _side(value: Any) -> Any:
    return "right" if isinstance(value, int | float) else "left"
