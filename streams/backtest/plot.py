"""Metrics over time as a picture. Needs matplotlib, which the extra ``plot`` brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from streams.backtest.periods import Period
from streams.errors import Invalid

_CURVES = {"auc": "AUC", "ap": "average precision", "brier": "Brier score", "precision_at_100": "precision at 100"}


def require_plotting() -> None:
    """Raises ``Invalid`` where there is nothing to draw with."""
    if find_spec("matplotlib") is None:
        raise Invalid("--plot needs matplotlib: pip install 'footfall[plot]'")


def draw_periods(source: str, periods: Mapping[str, Sequence[Period]], file: Path) -> None:
    """Writes a PNG with a panel for each model that has scores. Raises ``Invalid`` where the file can't be written."""
    from matplotlib.figure import Figure

    drawn = {model: found for model, found in periods.items() if found}
    figure = Figure(figsize=(10, 4 * max(len(drawn), 1)), layout="constrained")
    for panel, (model, found) in enumerate(drawn.items(), 1):
        axes = figure.add_subplot(len(drawn), 1, panel)
        starts = np.array([period.start for period in found], dtype="datetime64[D]")
        for name, label in _CURVES.items():
            axes.plot(starts, [getattr(period, name) for period in found], marker="o", markersize=3, label=label)
        axes.set_ylim(0, 1)
        axes.set_title(f"{source}: {model}")
        axes.grid(alpha=0.3)
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    try:
        figure.savefig(file, format="png", dpi=120)
    except OSError as error:
        raise Invalid(f"{file} can't be written: {error.strerror}") from None
