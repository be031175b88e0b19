"""``footfall migrate``: bring ClickHouse's tables up to date."""

from __future__ import annotations

import click

from streams.commands import with_settings
from streams.settings import Settings


@click.command("migrate")
@click.option("--dry-run", is_flag=True, help="Print what would be run, and run nothing.")
@with_settings
def command(settings: Settings, dry_run: bool) -> None:
    """Bring ClickHouse's tables up to date, and how long they keep rows; the views of segments and analysts; and the
    users whose passwords are set.

    Waits for a server that is still starting. May be run again at any time; a migration that broke off is repeated.
    """
    from streams.clickhouse.migrate import migrate

    reported: list[str] = []

    def report(name: str, statements: list[str]) -> None:
        reported.append(name)
        if dry_run:
            click.echo(f"-- {name}\n" + "".join(f"{statement};\n" for statement in statements))
        else:
            click.echo(f"Applying {name}")

    migrate(settings, dry_run=dry_run, report=report)
    if not reported:
        click.echo("The tables are up to date.")
