"""``footfall backtest``: how good the models would have been."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streams.commands import with_settings
from streams.errors import Invalid
from streams.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

_LIVE = "live"


@click.command("backtest")
@click.argument("source")
@click.option("--path", type=click.Path(path_type=Path), help="The data set's file. [default: the one that ships]")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one line of JSON at the end.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw the metrics over time as PNG.")
@click.option("--ablation", is_flag=True, help="Run once for each group of features left out, and for each model.")
@click.option("--days", type=click.IntRange(1, 3_650), help="live: of events, up to the latest one.")
@click.option("--candidate", help="live: the model to compare with the champion of its kind.")
@click.option(
    "--history-days", type=click.IntRange(min=0), help="live: to learn from before these. [default: all there is]"
)
@with_settings
def command(
    settings: Settings,
    source: str,
    path: Path | None,
    as_json: bool,
    plot: Path | None,
    ablation: bool,
    days: int | None,
    candidate: str | None,
    history_days: int | None,
) -> None:
    """Score and learn the data set SOURCE in event time: fraud-handbook, online-retail or jsonl.

    What serves is what runs, without Kafka and ClickHouse. Labels are learnt when their time has come, and scores are
    given by the models of that time. Two runs give the same.

    With SOURCE live it is the last days of the events in ClickHouse, and the question is what would have changed had
    --candidate been champion.
    """
    import json

    from rich.console import Console

    if ablation and plot:
        raise Invalid("--ablation and --plot exclude each other: nothing is drawn of a comparison")
    console = Console(stderr=as_json)
    if source == _LIVE:
        if path or plot or ablation:
            raise Invalid("live reads ClickHouse: --path, --plot and --ablation are for data sets")
        if days is None or candidate is None:
            raise Invalid("live needs --days and --candidate")
        figures = _live(settings, days, candidate, history_days, console)
    elif days is not None or candidate is not None or history_days is not None:
        raise Invalid(f"--days, --candidate and --history-days are for live, not for {source}")
    else:
        run = _ablation if ablation else partial(_backtest, plot=plot)
        figures = run(settings, source, path, console)
    if as_json:
        click.echo(json.dumps(figures))


def _backtest(
    settings: Settings, source: str, path: Path | None, console: Console, *, plot: Path | None
) -> Mapping[str, Any]:
    from streams.backtest.plot import draw_periods, require_plotting
    from streams.backtest.show import show
    from streams.backtest.trials import trial_of
    from streams.replay.progress import shown
    from streams.replay.sources import SOURCES

    trial = trial_of(source)
    if plot:
        require_plotting()
    with shown(source, 0, SOURCES[source].total(path)) as draw:
        outcome = trial.run(path, settings, progress=draw)
    show(source, outcome, console)
    if plot:
        draw_periods(source, outcome.periods, plot)
    return outcome.figures


def _ablation(settings: Settings, source: str, path: Path | None, console: Console) -> Mapping[str, Any]:
    from streams.backtest.ablation import ablate
    from streams.backtest.show import show_ablation
    from streams.backtest.trials import trial_of
    from streams.replay.progress import shown

    trial = trial_of(source)
    with shown(source, 0, None) as draw:
        rows = ablate(trial, path, settings, progress=draw)
    show_ablation(rows, console)
    return {"ablation": rows}


def _live(
    settings: Settings, days: int, candidate: str, history_days: int | None, console: Console
) -> Mapping[str, Any]:
    from streams.backtest.live import backtest_live
    from streams.backtest.show import show_live
    from streams.replay.progress import shown

    outcome = backtest_live(
        settings,
        days=days,
        candidate=candidate,
        history_days=history_days,
        bar=lambda total: shown(_LIVE, 0, total),
    )
    show_live(outcome, console)
    return outcome.to_json()
