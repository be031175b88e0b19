"""Reviews to measure with: real ones where there is a file of them, else sentences put together to their lengths."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

import models.text
from streams.errors import Invalid

REVIEW = "Review Text"
_CHARACTERS = (9, 84, 114, 139, 164, 186, 208, 230, 254, 276, 301, 328, 355, 385, 419, 459, 497, 500, 500, 500, 508)
"""Quantiles, 5 % apart, of the lengths of 22,641 reviews in Women's E-Commerce Clothing Reviews (Brooks, 2018, CC0)."""
_SENTENCES = Path(models.text.__file__).parent / "data" / "review_sentences.parquet"


def reviews(file: Path | None, n: int, seed: int = 0) -> list[str]:
    """n different ones, in no order. Raises ``Invalid`` for a file that isn't such a csv or has fewer."""
    rng = np.random.default_rng(seed)
    if file is None:
        return _composed(n, rng)
    try:
        found = pd.read_csv(file, usecols=[REVIEW])[REVIEW].dropna().drop_duplicates()
    except (OSError, ValueError) as error:
        raise Invalid(f"{file} can't be read: {str(error).splitlines()[0]}") from None
    if len(found) < n:
        raise Invalid(f"{file} has {len(found)} reviews, and {n} were asked for")
    texts: list[str] = found.iloc[rng.permutation(len(found))[:n]].tolist()
    return texts


def _composed(n: int, rng: np.random.Generator) -> list[str]:
    sentences = pq.read_table(_SENTENCES, columns=["text"])["text"].to_pylist()
    places = np.linspace(0, 1, len(_CHARACTERS))
    texts: dict[str, None] = {}
    while len(texts) < n:
        characters = round(np.interp(rng.random(), places, _CHARACTERS))
        text = ""
        while len(text) < characters:
            text += sentences[rng.integers(len(sentences))].strip() + " "
        texts[text[:characters].strip()] = None
    return list(texts)
