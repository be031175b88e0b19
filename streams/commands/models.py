"""``footfall models``: compare the models of a kind, and decide which of them is champion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from streams.commands import with_settings
from streams.commands.who import user_here
from streams.settings import Settings

if TYPE_CHECKING:
    from models.lineup import Decision
    from schemas.alerts import Kind
    from streams.model_control import Drifting, ModelControl, Shown, Standing

_DRIFT_SHOWN = 20

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")


def deciding(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of a decision."""
    why = click.option("--why", default="", help="The reason, for those who read the list of decisions.")
    who = click.option("--who", default=user_here, show_default="you", help="Who decides.")
    return why(who(function))


@click.group("models", help="Compare, promote and pin the models.")
def command() -> None:
    pass


@command.command("list")
@json_option
@with_settings
def list_models(settings: Settings, as_json: bool) -> None:
    """All models by kind, with the figures of their latest snapshots."""
    with _control(settings) as control:
        _print_standings(control.standings(), as_json)


@command.command()
@click.argument("model", metavar="NAME[/VERSION]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_settings
def show(settings: Settings, model: str, as_json: bool) -> None:
    """One snapshot, the model's metrics by day, and what was decided about it."""
    name, _, version = model.partition("/")
    with _control(settings) as control:
        _print_shown(control.show(name, version), as_json)


@command.command()
@click.argument("name", required=False, default="")
@json_option
@with_settings
def drift(settings: Settings, name: str, as_json: bool) -> None:
    """How far scores, features and losses are from what they were, of one model or of all."""
    with _control(settings) as control:
        _print_drift(control.drift(name), as_json)


@command.command()
@click.argument("name")
@deciding
@with_settings
def promote(settings: Settings, name: str, who: str, why: str) -> None:
    """Make a model the champion of its kind; the champion until now challenges it."""
    with _control(settings) as control:
        _say(control.promote(name, who=who, why=why))


@command.command()
@click.argument("kind", type=click.Choice(["fraud", "churn", "churn_long"]))
@deciding
@with_settings
def rollback(settings: Settings, kind: Kind, who: str, why: str) -> None:
    """Go back to the champion before."""
    with _control(settings) as control:
        _say(control.rollback(kind, who=who, why=why))


@command.command()
@click.argument("name")
@click.argument("version")
@deciding
@with_settings
def pin(settings: Settings, name: str, version: str, who: str, why: str) -> None:
    """Hold workers at a version of a model, while the learner goes on."""
    with _control(settings) as control:
        _say(control.pin(name, version, who=who, why=why))


@command.command()
@click.argument("name")
@deciding
@with_settings
def unpin(settings: Settings, name: str, who: str, why: str) -> None:
    """Let workers follow the latest version of a model again."""
    with _control(settings) as control:
        _say(control.unpin(name, who=who, why=why))


@command.command()
@click.argument("name")
@deciding
@with_settings
def challenge(settings: Settings, name: str, who: str, why: str) -> None:
    """Have a model learn and score beside the champion, without deciding anything."""
    with _control(settings) as control:
        _say(control.challenge(name, who=who, why=why))


@command.command()
@click.argument("name")
@deciding
@with_settings
def retire(settings: Settings, name: str, who: str, why: str) -> None:
    """Have a challenger neither learn nor score any more."""
    with _control(settings) as control:
        _say(control.retire(name, who=who, why=why))


@contextmanager
def _control(settings: Settings) -> Iterator[ModelControl]:
    from streams.model_control import ModelControl

    control = ModelControl(settings)
    try:
        yield control
    finally:
        control.close()


_SAID = {
    "promote": "{0.model} is the champion of {0.kind} now.",
    "rollback": "{0.model} is the champion of {0.kind} again.",
    "pin": "Workers stay at {0.version}, while {0.model} goes on learning.",
    "unpin": "Workers follow the latest version of {0.model} again.",
    "challenge": "{0.model} challenges the champion of {0.kind} from now on.",
    "retire": "{0.model} neither learns nor scores any more.",
}


def _say(decision: Decision) -> None:
    click.echo(_SAID[decision.action].format(decision))


def _print_standings(standings: list[Standing], as_json: bool) -> None:
    from dataclasses import asdict

    import orjson
    from rich.console import Console
    from rich.table import Table

    if as_json:
        for standing in standings:
            click.echo(orjson.dumps(asdict(standing)))
        return
    table = Table("kind", "model", "role", "version", box=None, pad_edge=False)
    for name in ("examples", "positives", "judged", "AUC", "AP", "log loss", "Brier"):
        table.add_column(name, justify="right")
    for one in standings:
        version = f"{one.version or 'none yet'}{f', pinned at {one.pinned}' if one.pinned else ''}"
        counts = f"{one.examples:,}", f"{one.positives:,}", f"{one.scored:,}"
        figures = map(_figure, (one.roc_auc, one.average_precision, one.log_loss, one.brier))
        table.add_row(one.kind, one.model, one.role, version, *counts, *figures)
    Console().print(table)


def _print_drift(found: list[Drifting], as_json: bool) -> None:
    from dataclasses import asdict

    import orjson
    from rich.console import Console
    from rich.table import Table

    if as_json:
        for one in found:
            click.echo(orjson.dumps(asdict(one)))
        return
    table = Table("model", "what", "day", box=None, pad_edge=False)
    for name in ("value", "drift from", "of", "against", "last told"):
        table.add_column(name, justify="right")
    for one in found[:_DRIFT_SHOWN]:
        value = f"{_figure(one.value)}{' !' if one.drifted else ''}"
        counts = f"{one.n:,}", f"{one.reference:,}"
        table.add_row(
            one.model, one.feature or one.what, str(one.day), value, _figure(one.threshold), *counts, one.last_told
        )
    Console().print(table)


def _print_shown(shown: Shown, as_json: bool) -> None:
    from dataclasses import asdict

    import orjson
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if as_json:
        click.echo(orjson.dumps(asdict(shown)))
        return
    one = shown.standing
    facts = Table.grid(padding=(0, 2))
    kept = "" if shown.is_whole else ", cleared: only its figures are kept"
    for name, value in {
        "version": f"{one.version}{kept}",
        "model": f"{one.model}, {one.role} of {one.kind}{f', pinned at {one.pinned}' if one.pinned else ''}",
        "parent": shown.parent or "none",
        "written": _time(one.created_ms),
        "learnt": f"{one.examples:,} examples, {one.positives:,} positive, until {_time(shown.learnt_until_ms)}",
        "features": f"{shown.n_features}, set {shown.feature_set}",
        "River": f"{shown.river_version}, {shown.size:,} bytes",
        "judged": f"{one.scored:,} scores: AUC {_figure(one.roc_auc)}, AP {_figure(one.average_precision)}, "
        f"log loss {_figure(one.log_loss)}, Brier {_figure(one.brier)}",
    }.items():
        facts.add_row(name, value)
    days = Table("day", box=None, pad_edge=False)
    names = "labels", "positives", "AUC", "AP", "log loss", "Brier", "mean score", "ECE", "ratio", "top", "precision"
    for name in (*names, "label after"):
        days.add_column(name, justify="right")
    for day in shown.days:
        ranks, losses = (day.roc_auc, day.average_precision), (day.log_loss, day.brier)
        figures = (*ranks, *losses, day.mean_score, day.calibration_error, day.calibration_ratio)
        top = f"{min(day.budget, day.n):,}", _figure(day.precision_at_budget)
        delay = f"{day.mean_label_delay_ms / 86_400_000:.1f} d"
        days.add_row(str(day.day), f"{day.n:,}", f"{day.positives:,}", *map(_figure, figures), *top, delay)
    decided = Table("decided", "what", "who", "why", box=None, pad_edge=False)
    for decision in shown.decisions:
        what = f"{decision.action} {decision.version}".strip()
        decided.add_row(_time(decision.decided_ms), what, Text(decision.who), Text(decision.why))
    console = Console()
    for table in (facts, days, decided):
        if table.row_count:
            console.print(table, "")


def _figure(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.3f}"


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S") if ms else "the beginning"
