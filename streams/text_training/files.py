"""Texts with labels from files: csv, parquet and jsonl, the first and the last gzipped or not."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from models.errors import ExamplesRefused
from models.text.training.examples import Examples, labelled
from streams.errors import Invalid

_TEXT = ("text", "review", "review_text", "Review Text")
_LABEL = ("label", "sentiment")
_RATING = ("rating", "stars", "Rating")


def read_examples(file: Path, *, text: str | None, label: str | None, rating: str | None) -> Examples:
    """Texts whose label or rating is known. A column that isn't named is the first there is of the usual names.

    Raises ``Invalid``.
    """
    table = _table(file)
    text = _column(table, text, _TEXT)
    if text is None:
        raise Invalid(f"{file} has no column named {', '.join(_TEXT)}: name it with --text-column")
    named = label is not None or rating is not None
    label = _column(table, label, () if named else _LABEL)
    rating = _column(table, rating, () if named else _RATING)
    if label is None and rating is None:
        raise Invalid(f"{file} has neither labels nor ratings: name them with --label-column or --rating-column")
    try:
        return labelled(
            table[text].tolist(),
            labels=table[label].tolist() if label is not None else None,
            ratings=table[rating].tolist() if rating is not None else None,
        )
    except ExamplesRefused as error:
        raise Invalid(f"{file}: {error}") from None


def _table(file: Path) -> pd.DataFrame:
    kind = file.name.removesuffix(".gz").rsplit(".", 1)[-1]
    try:
        if kind == "csv":
            return pd.read_csv(file)
        if kind == "parquet":
            return pd.read_parquet(file)
        if kind in ("jsonl", "ndjson"):
            return pd.read_json(file, lines=True)
    except (OSError, ValueError) as error:
        raise Invalid(f"{file} can't be read: {str(error).splitlines()[0]}") from None
    raise Invalid(f"{file} is neither csv, parquet nor jsonl by its name")


def _column(table: pd.DataFrame, named: str | None, usual: tuple[str, ...]) -> str | None:
    if named is not None and named not in table.columns:
        raise Invalid(f"there is no column {named}: there are {', '.join(map(str, table.columns))}")
    return named or next((name for name in usual if name in table.columns), None)
