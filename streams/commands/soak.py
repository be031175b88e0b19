"""``footfall soak``: does it hold for hours what it promises?"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import click

from streams.settings import Settings

PARTITIONS = Settings().partitions


@click.command("soak")
@click.option("--minutes", type=click.FloatRange(min=0.1), default=10, show_default=True)
@click.option("--rate", type=click.FloatRange(min=1), default=2_000, show_default=True, help="Events a second.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of the shop and of the kills.")
@click.option("--shoppers", type=click.IntRange(min=1), default=20_000, show_default=True)
@click.option("--workers", type=click.IntRange(1, PARTITIONS), default=2, show_default=True)
@click.option("--text", is_flag=True, help="A text worker, too, which is killed as well.")
@click.option(
    "--fault-every", type=click.FloatRange(min=1), default=20, show_default=True, help="Seconds between two kills."
)
@click.option(
    "--memory-growth",
    type=click.FloatRange(min=0),
    default=0.1,
    show_default=True,
    help="Share of its memory that may come to a worker in the calm.",
)
@click.option(
    "--kafka-home",
    envvar="KAFKA_HOME",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="An unpacked Apache Kafka to use as broker, killed as well. [default: Tansu, in memory]",
)
def command(
    minutes: float,
    rate: float,
    seed: int,
    shoppers: int,
    workers: int,
    text: bool,
    fault_every: float,
    memory_growth: float,
    kafka_home: Path | None,
) -> None:
    """Kill workers under a steady load, and see whether all is there.

    Starts servers and workers of its own in a temporary folder. In the first half of the time workers and durable
    servers are killed at random; once all are back, memory is watched for the second. Then every event that was sent
    must be in the tables once. The last line is JSON; exits with 1 if anything is off.
    """
    import orjson
    from rich.console import Console

    from streams.settings import Settings
    from streams.simulate.shop import Shop
    from streams.soak.run import Plan, run
    from streams.soak.show import show
    from streams.transport.logs import configure_logging

    configure_logging(Settings(log_level="WARNING"))
    console = Console(stderr=True)
    plan = Plan(
        minutes=minutes,
        rate=rate,
        shop=Shop(seed=seed, shoppers=shoppers),
        workers=workers,
        text_workers=int(text),
        fault_every_s=fault_every,
        memory_growth=memory_growth,
    )
    with TemporaryDirectory(prefix="footfall-soak-") as folder:
        found = run(plan, Path(folder), kafka_home=kafka_home, console=console)
    show(found, console)
    click.echo(orjson.dumps(found.to_dict()))
    if not found.ok:
        raise SystemExit(1)
