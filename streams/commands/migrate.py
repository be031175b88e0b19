"""``footfall migrate``: bring ClickHouse's tables up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from streams.commands import with_settings
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.clickhouse.migrate import Migration


@click.command("migrate")
@click.option("--dry-run", is_flag=True, help="Print what would be run, and run nothing.")
@with_settings
def command(settings: Settings, dry_run: bool) -> None:
    """Bring ClickHouse's tables up to date.

    Waits for a server that is still starting. May be run again at any time; a migration that broke off is repeated.
    """
    from streams.clickhouse.migrate import migrate

    def report(migration: Migration, statements: list[str]) -> None:
        if dry_run:
            click.echo(f"-- {migration.name}\n" + "".join(f"{statement};\n" for statement in statements))
        else:
            click.echo(f"Applying {migration.name}")

    if not migrate(settings, dry_run=dry_run, report=report):
        click.echo("The tables are up to date.")
