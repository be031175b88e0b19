"""``footfall demo``: see everything at work on this machine."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from streams.errors import Invalid
from streams.local_settings import STACK_FOLDER


@click.command("demo")
@click.option(
    "--shop",
    type=click.Choice(["simulation", "online-retail"]),
    default="simulation",
    show_default=True,
    help="One whose truth is known, or a real one's year of orders.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=1),
    default=30,
    show_default=True,
    help="Time that the last weeks or months take. What comes before goes as fast as it can.",
)
@click.option("--keep", is_flag=True, help=f"Leave the servers up, with their data in {STACK_FOLDER}/.")
@click.option(
    "--kafka-home",
    envvar="KAFKA_HOME",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="An unpacked Apache Kafka to use as broker. [default: Tansu, in memory]",
)
def command(shop: str, as_json: bool, seconds: float, keep: bool, kafka_home: Path | None) -> None:
    """Send a shop's events through a broker, two workers and ClickHouse, and look at what came out."""
    import orjson
    from rich.console import Console

    from streams.demo.run import run
    from streams.demo.scenarios import SCENARIOS
    from streams.demo.show import show
    from streams.settings import Settings
    from streams.transport.logs import configure_logging

    configure_logging(Settings(log_level="WARNING"))
    console = Console(stderr=as_json)
    with ExitStack() as cleanup:
        folder = Path(STACK_FOLDER) if keep else Path(cleanup.enter_context(TemporaryDirectory(prefix="footfall-")))
        if keep and folder.exists():
            raise Invalid(f"{folder}/ holds a stack already: `footfall local down` and remove the folder first")
        scenario = SCENARIOS[shop]()
        demo = run(scenario, folder, kafka_home=kafka_home, keep=keep, console=console, seconds=seconds)
    show(demo, console, kept=keep)
    if as_json:
        click.echo(orjson.dumps(demo.to_dict()))
    if demo.problems:
        raise SystemExit(1)
