"""``footfall demo``: see everything at work on this machine."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import click

from streams.errors import Invalid
from streams.local_settings import STACK_FOLDER


@click.command("demo")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=1),
    default=30,
    show_default=True,
    help="Time that the last four months take. Those before go as fast as they can.",
)
@click.option("--keep", is_flag=True, help=f"Leave the servers up, with their data in {STACK_FOLDER}/.")
@click.option(
    "--kafka-home",
    envvar="KAFKA_HOME",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="An unpacked Apache Kafka to use as broker. [default: Tansu, in memory]",
)
def command(as_json: bool, seconds: float, keep: bool, kafka_home: Path | None) -> None:
    """Replay a shop's year of orders through a broker, two workers and ClickHouse, and look at what came out."""
    import orjson
    from rich.console import Console

    from streams.demo.run import run
    from streams.demo.show import show
    from streams.settings import Settings
    from streams.transport.logs import configure_logging

    configure_logging(Settings(log_level="WARNING"))
    console = Console(stderr=as_json)
    if keep:
        folder = Path(STACK_FOLDER)
        if folder.exists():
            raise Invalid(f"{folder}/ holds a stack already: `footfall local down` and remove the folder first")
        demo = run(folder, kafka_home=kafka_home, keep=True, console=console, autumn_s=seconds)
    else:
        with TemporaryDirectory(prefix="footfall-") as folder_name:
            demo = run(Path(folder_name), kafka_home=kafka_home, keep=False, console=console, autumn_s=seconds)
    show(demo, console, kept=keep)
    if as_json:
        click.echo(orjson.dumps(demo.to_dict()))
    if not demo.audit.ok:
        raise SystemExit(1)
