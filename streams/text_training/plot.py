"""A confusion matrix as a picture. Needs matplotlib, which the extra ``plot`` brings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np


def draw_confusion(figures: Mapping[str, Any], file: Path) -> None:
    """Writes a PNG of what was said of the texts that are each class."""
    from matplotlib.figure import Figure

    table, classes = np.array(figures["confusion"]), figures["classes"]
    figure = Figure(figsize=(5, 4.5), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(table / np.maximum(table.sum(axis=1, keepdims=True), 1), vmin=0, vmax=1, cmap="Blues")
    axes.set_xticks(range(len(classes)), classes)
    axes.set_yticks(range(len(classes)), classes)
    axes.set_xlabel("said")
    axes.set_ylabel("true")
    axes.set_title(f"{figures['n_sentiment']:,} texts, accuracy {figures['accuracy']:.3f}")
    for (row, column), count in np.ndenumerate(table):
        dark = count > table[row].sum() / 2
        axes.text(column, row, f"{count:,}", ha="center", va="center", color="white" if dark else "black")
    figure.savefig(file, format="png", dpi=120)
