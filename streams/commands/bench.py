"""``footfall bench``: what this machine can do, measured on servers of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

kafka_home_option = click.option(
    "--kafka-home",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="An unpacked Apache Kafka to use as broker. [default: Tansu, in memory]",
)
_CLOTHING = Path("../shared/data/womens_clothing_reviews.csv.gz")
"""Women's E-Commerce Clothing Reviews, which don't ship."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print the figures as one line of JSON at the end.")


@click.group("bench")
def command() -> None:
    """Measure what this machine can do.

    Each benchmark but those of texts and privacy starts a broker and ClickHouse in a temporary folder and stops them at
    its end; FOOTFALL_ variables don't count.
    """


@command.command()
@click.option("--events", type=click.IntRange(min=1_000), default=500_000, show_default=True)
@click.option("--users", type=click.IntRange(min=1), default=10_000, show_default=True)
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option(
    "--plain-events",
    type=click.IntRange(min=100),
    default=20_000,
    show_default=True,
    help="Events for the plain Faust agent, which would take minutes for all.",
)
@click.option(
    "--load",
    type=click.Choice(["shop", "simulation"]),
    default="shop",
    show_default=True,
    help="Events drawn alike, one in twenty a purchase, or those of `footfall simulate`.",
)
@kafka_home_option
@json_option
def pipeline(
    events: int, users: int, rounds: int, plain_events: int, load: str, kafka_home: Path | None, as_json: bool
) -> None:
    """CPU time an event, and events a second, of the worker and of a plain Faust agent that does the same."""
    from rich.console import Console

    from streams.bench.laboratory import laboratory
    from streams.bench.load import SimulatedLoad
    from streams.bench.pipeline import measure_pipeline
    from streams.bench.shop import Shop
    from streams.bench.show import show_pipeline

    sent = SimulatedLoad(users=users) if load == "simulation" else Shop(users=users)
    with laboratory(kafka_home) as here:
        result = measure_pipeline(
            here, sent, events=events, plain_events=min(plain_events, events), users=users, rounds=rounds
        )
    show_pipeline(result, Console())
    _print_json(result.to_json(), as_json)


@command.command()
@click.option("--events", type=click.IntRange(min=1_000), default=500_000, show_default=True)
@click.option("--few", type=click.IntRange(min=1), default=10_000, show_default=True, help="Shoppers.")
@click.option("--many", type=click.IntRange(min=1), default=1_000_000, show_default=True, help="Shoppers.")
@click.option("--small-cache", type=click.IntRange(min=1_000), default=20_000, show_default=True, help="Profile rows.")
@click.option("--rounds", type=click.IntRange(min=1), default=1, show_default=True)
@kafka_home_option
@json_option
def growth(
    events: int, few: int, many: int, small_cache: int, rounds: int, kafka_home: Path | None, as_json: bool
) -> None:
    """CPU time an event with few and with many shoppers, and the memory that a setting bounds."""
    from rich.console import Console

    from streams.bench.growth import measure_growth
    from streams.bench.laboratory import laboratory
    from streams.bench.show import show_growth

    with laboratory(kafka_home) as here:
        result = measure_growth(here, events=events, few=few, many=many, small_cache=small_cache, rounds=rounds)
    show_growth(result, Console())
    _print_json(result.to_json(), as_json)


@command.command()
@click.option("--rate", type=click.IntRange(min=1), default=1_000, show_default=True, help="Events a second.")
@click.option("--seconds", type=click.IntRange(min=1), default=30, show_default=True)
@click.option("--users", type=click.IntRange(min=1), default=10_000, show_default=True)
@kafka_home_option
@json_option
def latency(rate: int, seconds: int, users: int, kafka_home: Path | None, as_json: bool) -> None:
    """Time from an event produced to its alert consumed, and to its row visible in ClickHouse."""
    from rich.console import Console

    from streams.bench.laboratory import laboratory
    from streams.bench.latency import measure_latency
    from streams.bench.show import show_latency

    with laboratory(kafka_home) as here:
        result = measure_latency(here, rate=rate, seconds=seconds, users=users)
    show_latency(result, Console())
    _print_json(result.to_json(), as_json)


@command.command()
@click.option("--model", default="", help="Folder of a text model. [default: the one that ships]")
@click.option(
    "--reviews",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f'A csv with a column "Review Text". [default: {_CLOTHING} where it is, else shipped sentences put together '
    "to its lengths]",
)
@click.option("--texts", type=click.IntRange(min=50), default=500, show_default=True)
@click.option("--one-by-one", type=click.IntRange(min=1), default=100, show_default=True, help="Texts read alone.")
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:1.")
@click.option("--precision", default="auto", show_default=True, help="auto, fp32, bf16, fp16 or int8.")
@json_option
def text(
    model: str,
    file: Path | None,
    texts: int,
    one_by_one: int,
    rounds: int,
    device: str,
    precision: str,
    as_json: bool,
) -> None:
    """Reviews a second through the text engine, through transformers' pipeline, and one at a time."""
    from rich.console import Console

    from models.errors import TextModelUnusable
    from models.text.checkpoint import load
    from streams.bench.review_texts import reviews
    from streams.bench.show_text import show_text
    from streams.bench.text import measure_text
    from streams.errors import Invalid

    try:
        loaded = load(model)
    except TextModelUnusable as error:
        raise Invalid(str(error)) from None
    result = measure_text(
        loaded,
        reviews(file or (_CLOTHING if _CLOTHING.is_file() else None), texts),
        one_by_one=min(one_by_one, texts),
        rounds=rounds,
        device=device,
        precision=precision,
    )
    show_text(result, Console())
    _print_json(result.to_json(), as_json)


@command.command()
@click.option("--profiles", type=click.IntRange(min=1_000), default=1_000_000, show_default=True)
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True)
@json_option
def segments(profiles: int, rounds: int, as_json: bool) -> None:
    """Time to count all segments, and to find and tell who entered and left."""
    from rich.console import Console

    from streams.bench.laboratory import laboratory
    from streams.bench.segments import measure_segments
    from streams.bench.show import show_segments

    with laboratory(None) as here:
        result = measure_segments(here, profiles=profiles, rounds=rounds)
    show_segments(result, Console())
    _print_json(result.to_json(), as_json)


@command.command()
@click.option("--events", type=click.IntRange(min=1_000), default=200_000, show_default=True)
@click.option("--users", type=click.IntRange(min=1), default=10_000, show_default=True)
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True)
@json_option
def privacy(events: int, users: int, rounds: int, as_json: bool) -> None:
    """CPU time an event of pseudonyms, and of looking for who was erased; without servers."""
    from rich.console import Console
    from rich.table import Table

    from streams.bench.privacy import ERASED, measure_privacy

    result = measure_privacy(events=events, users=users, rounds=rounds)
    table = Table("", "µs of CPU an event", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for what, us in (
        ("neither pseudonyms nor anybody erased", result.off_us),
        ("pseudonyms, all identifiers new at first", result.first_us),
        ("pseudonyms, identifiers known", result.pseudonyms_us),
        (f"{ERASED:,} people erased, no pseudonyms", result.tombstones_us),
    ):
        table.add_row(what, f"{us:.2f}")
    Console().print(table)
    _print_json(result.to_json(), as_json)


def _print_json(figures: dict[str, Any], wanted: bool) -> None:
    if wanted:
        import json

        click.echo(json.dumps(figures))
