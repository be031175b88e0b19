"""``footfall rebuild``: recompute the profiles from the events."""

from __future__ import annotations

import click

from streams.commands import with_settings
from streams.settings import Settings


@click.command("rebuild")
@click.option("--partitions", type=click.IntRange(1, 1024), help="Of the behaviour topics. [default: the broker's]")
@click.option("--dry-run", is_flag=True, help="Build and compare, but leave the live profiles as they are.")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Once all is built: how long the workers have to stop.",
)
@click.option("--drop-old", is_flag=True, help="Don't keep the former profiles.")
@click.option("--kept-only", is_flag=True, help="Where events have expired: make do with those that are left.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_settings
def command(
    settings: Settings,
    partitions: int | None,
    dry_run: bool,
    wait_s: float,
    drop_old: bool,
    kept_only: bool,
    as_json: bool,
) -> None:
    """Recompute the profiles from the events, beside the live ones, and swap them.

    After a feature was added, or the number of partitions has changed. Workers may run while it builds, and have to be
    stopped for the swap. Interrupted or refused, it goes on from the partitions that were complete when run again.
    Run one at a time.
    """
    from functools import partial

    import orjson

    from streams.rebuild.run import rebuild
    from streams.rebuild.show import lines
    from streams.replay.progress import shown

    def waiting(members: int) -> None:
        click.echo(f"All is built; waiting up to {wait_s:g} s for the group's {members} workers to stop", err=True)

    report = rebuild(
        settings,
        partitions=partitions,
        dry_run=dry_run,
        wait_s=wait_s,
        drop_old=drop_old,
        kept_only=kept_only,
        bar=partial(shown, "rebuild", 0),
        waiting=waiting,
    )
    click.echo(orjson.dumps(report.to_dict()) if as_json else "\n".join(lines(report, old_dropped=drop_old)))
