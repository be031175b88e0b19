"""Results of back-tests for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from streams.backtest.live import LiveOutcome
from streams.backtest.trials import Outcome


def show(source: str, outcome: Outcome, console: Console) -> None:
    """How each model came along, then the figures of the trial."""
    for model, periods in outcome.periods.items():
        _show_table(f"{source}: model {model}, by when it scored", [asdict(period) for period in periods], console)
    for name, figures in outcome.figures.items():
        _show_figures(name, figures, console)


def show_ablation(rows: Sequence[Mapping[str, Any]], console: Console) -> None:
    _show_table("µs are of CPU time, for each score given and each label learnt", rows, console)


def show_live(outcome: LiveOutcome, console: Console) -> None:
    console.print(
        f"{outcome.candidate} instead of {outcome.champion} over the last {outcome.days} days: "
        f"{len(outcome.pairs.label):,} predictions, alerts from {outcome.threshold:g}.\n"
    )
    found = outcome.changes
    alerts = {name: group.alerts for name, group in found.items()}
    money = {name: {label: round(of) for label, of in group.money.items()} for name, group in found.items()}
    for title, rows in (("alerts, by what their labels say", alerts), ("money in them", money)):
        _show_table(title, [{"": name, "all": sum(of.values()), **of} for name, of in rows.items()], console)
    names = {"champion": outcome.champion, "candidate": outcome.candidate}
    metrics = [{"model": names[role], **of} for role, of in outcome.metrics.items()]
    _show_table("scores that got their label", metrics, console)


def _show_figures(name: str, figures: Any, console: Console) -> None:
    """Rows of numbers, or some numbers, or some by model, perhaps with their calibration."""
    if isinstance(figures, list):
        _show_table(name, figures, console)
    elif all(isinstance(of, dict) for of in figures.values()):
        numbers = [
            {"model": model} | {key: value for key, value in of.items() if not isinstance(value, list)}
            for model, of in figures.items()
        ]
        _show_table(name, numbers, console)
        for model, of in figures.items():
            _show_table(f"{model}: calibration by decile", of["calibration"], console)
    else:
        _show_table(name, [figures], console)


def _show_table(title: str, rows: Sequence[Mapping[str, Any]], console: Console) -> None:
    if not rows:
        return
    table = Table(box=None, pad_edge=False)
    for place, name in enumerate(rows[0]):
        table.add_column(name.replace("_", " "), justify="right" if place else "left")
    for row in rows:
        table.add_row(*map(_said, row.values()))
    console.print(f"[bold]{title}[/]", table, "", sep="\n")


def _said(value: Any) -> str:
    if value is None or value != value:
        return "-"
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
