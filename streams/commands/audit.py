"""``footfall audit``: check that every record was written once."""

from __future__ import annotations

import click

from streams.commands import with_settings
from streams.settings import Settings


@click.command("audit")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_settings
def command(settings: Settings, as_json: bool) -> None:
    """Hold the ledger against the broker's offsets and the tables' rows.

    Everything up to the ledger's end is checked; workers may be running. Exits with 1 if anything is off.
    """
    import asyncio
    import json

    from rich.console import Console

    from streams.audit.run import audit
    from streams.audit.show import show

    found = asyncio.run(audit(settings))
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=2))
    else:
        show(found, Console())
    if not found.ok:
        raise SystemExit(1)
