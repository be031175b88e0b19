"""Figures on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

_ROWS = {
    "n": "texts",
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
    "auc": "AUC, positive against negative",
    "rating_mae": "rating's mean absolute error",
}


def show(figures: Mapping[str, Any]) -> None:
    """What ``models.text.training.metrics.evaluated`` gave."""
    console = Console()
    table = Table(box=None, show_header=False)
    for key, label in _ROWS.items():
        if (value := figures.get(key)) is not None:
            table.add_row(label, f"{value:,}" if isinstance(value, int) else f"{value:.3f}")
    console.print(table)
    if "confusion" in figures:
        console.print(_confusion(figures["classes"], figures["confusion"]))


def _confusion(classes: list[str], counts: list[list[int]]) -> Table:
    table = Table(box=None, title="is, by row; said, by column", title_justify="left")
    table.add_column("")
    for name in classes:
        table.add_column(name, justify="right")
    for name, row in zip(classes, counts, strict=True):
        table.add_row(name, *(f"{count:,}" for count in row))
    return table
