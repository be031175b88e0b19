"""The examples that ship, and what is composed of them.

The sentences say negative or positive, and nothing of stars or neutral texts. So texts are joined of k positive and m
negative sentences of one source: 1 + 4k / (k + m) stars by construction, and by those negative, neutral or positive.
Descriptions of products say nothing good or bad, and are neutral, with no stars.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from models.text.training.examples import NEGATIVE, POSITIVE, Examples, joined, labelled
from models.text.training.split import validation

DATA = Path(__file__).parent.parent / "data"
SOURCES = ("amazon_cells", "yelp", "imdb")
ABOUT = """\
The 3,000 sentences of *Sentiment Labelled Sentences* (Kotzias et al., KDD 2015, CC BY 4.0) from Amazon, Yelp and IMDb,
half of them negative and half positive, as 1 and 5 stars. Nobody gave stars and nothing is labelled neutral there, so
these are composed: texts joined of 2 to 8 sentences of one source, k of them positive and m negative, count as
1 + 4k / (k + m) stars, up to 2 negative and from 4 on positive, else neutral. 600 descriptions of products from *Online
Retail* (Chen, 2015, CC BY 4.0) are neutral, without stars. Expect ratings and neutral texts to be rougher than those of
a model that was trained on real ones."""
"""For the card of a model that was trained on them."""

_LONGEST = 8
"""Sentences of a joined text, at most: about as many as a long review has."""


def sentences(sources: Collection[str] = SOURCES) -> Examples:
    """The sentences of the sources: negative or positive, with no stars."""
    table = pq.read_table(DATA / "review_sentences.parquet").to_pydict()
    rows = [row for row, source in enumerate(table["source"]) if source in sources]
    return labelled([table["text"][row] for row in rows], labels=[table["label"][row] for row in rows])


def composed(
    sources: Collection[str] = SOURCES, *, held_out: float, joined_texts: int = 1_500, seed: int = 0
) -> tuple[Examples, Examples]:
    """Sentences with stars, texts joined of them, and descriptions of products: for training and for validation.

    A sentence that is held out is in no text for training, joined or not.
    """
    generator = np.random.default_rng(seed)
    parts: tuple[list[Examples], list[Examples]] = ([], [])
    for source in sources:
        plain = sentences([source])
        chosen = validation(plain.texts, held_out)
        for side, rows, share in ((0, ~chosen, 1 - held_out), (1, chosen, held_out)):
            part = plain.take(rows)
            count = round(joined_texts * share / len(sources))
            parts[side].extend([_with_stars(part), _joined_texts(part, count, generator)])
    neutral = descriptions()
    chosen = validation(neutral.texts, held_out)
    return joined([*parts[0], neutral.take(~chosen)]), joined([*parts[1], neutral.take(chosen)])


def descriptions() -> Examples:
    """What a shop calls its products: neutral."""
    texts = pq.read_table(DATA / "product_descriptions.parquet").to_pydict()["text"]
    return labelled(texts, labels=["neutral"] * len(texts))


def _with_stars(plain: Examples) -> Examples:
    stars = np.where(plain.sentiment == POSITIVE, 5, 1).astype(np.float32)
    return Examples(texts=plain.texts, sentiment=plain.sentiment, stars=stars)


def _joined_texts(sentences: Examples, count: int, generator: np.random.Generator) -> Examples:
    by_sign = [np.flatnonzero(sentences.sentiment == code) for code in (NEGATIVE, POSITIVE)]
    texts, stars = [], []
    for _ in range(count):
        length = int(generator.integers(2, _LONGEST + 1))
        positive = int(generator.integers(0, length + 1))
        rows = np.concatenate([generator.choice(by_sign[0], length - positive), generator.choice(by_sign[1], positive)])
        texts.append(" ".join(sentences.texts[row] for row in generator.permutation(rows)))
        stars.append(1 + 4 * positive / length)
    return labelled(texts, ratings=stars)
