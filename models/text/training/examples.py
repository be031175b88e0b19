"""Texts with what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import ExamplesRefused

NEGATIVE, NEUTRAL, POSITIVE = range(3)
"""Codes of a sentiment, in the order of the head's columns."""
UNKNOWN = -1

_WORDS = {"negative": NEGATIVE, "neutral": NEUTRAL, "positive": POSITIVE}
_SIGNED = {-1.0: NEGATIVE, 0.0: NEUTRAL, 1.0: POSITIVE}
_BINARY = {0.0: NEGATIVE, 1.0: POSITIVE}


@dataclass(frozen=True, kw_only=True)
class Examples:
    texts: Sequence[str]
    sentiment: npt.NDArray[np.int64]
    """(n,) codes, ``UNKNOWN`` where nobody said."""
    stars: npt.NDArray[np.float32]
    """(n,) from 1 to 5, NaN where nobody said."""

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Examples:
        chosen = np.arange(len(self))[rows]
        return Examples(
            texts=[self.texts[row] for row in chosen], sentiment=self.sentiment[chosen], stars=self.stars[chosen]
        )


def joined(parts: Sequence[Examples]) -> Examples:
    return Examples(
        texts=[text for part in parts for text in part.texts],
        sentiment=np.concatenate([part.sentiment for part in parts]),
        stars=np.concatenate([part.stars for part in parts]),
    )


def labelled(
    texts: Sequence[Any], *, labels: Sequence[Any] | None = None, ratings: Sequence[Any] | None = None
) -> Examples:
    """Examples from columns; rows without a text, or with neither label nor rating, are left out.

    Labels are 0 and 1, or -1, 0 and 1, or negative, neutral and positive. Ratings go from 1 to 5; where there is no
    label, up to 2 is negative and from 4 on positive. Raises ``ExamplesRefused``.
    """
    said = [isinstance(text, str) and not text.isspace() and text != "" for text in texts]
    stars = _stars(ratings) if ratings is not None else np.full(len(texts), np.nan, np.float32)
    sentiment = _sentiment(labels) if labels is not None else np.full(len(texts), UNKNOWN)
    sentiment = np.where(sentiment == UNKNOWN, _of_stars(stars), sentiment)
    examples = Examples(texts=list(texts), sentiment=sentiment, stars=stars)
    return examples.take(np.array(said, dtype=np.bool_) & ((sentiment != UNKNOWN) | ~np.isnan(stars)))


def _of_stars(stars: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    codes = np.select([np.isnan(stars), stars <= 2, stars < 4], [UNKNOWN, NEGATIVE, NEUTRAL], POSITIVE)
    return codes.astype(np.int64)


def _sentiment(labels: Sequence[Any]) -> npt.NDArray[np.int64]:
    numbers = [_number(label) for label in labels]
    signed = any(number == -1 for number in numbers)
    codes: dict[Any, int] = _SIGNED if signed else _BINARY
    found = np.full(len(labels), UNKNOWN)
    for row, (label, number) in enumerate(zip(labels, numbers, strict=True)):
        if _missing(label):
            continue
        code = codes.get(number) if number is not None else _WORDS.get(str(label).strip().lower())
        if code is None:
            raise ExamplesRefused(
                f"label {label!r} of row {row} isn't 0 or 1, -1, 0 or 1, or negative, neutral, positive"
            )
        found[row] = code
    return found


def _stars(ratings: Sequence[Any]) -> npt.NDArray[np.float32]:
    found = np.full(len(ratings), np.nan, np.float32)
    for row, rating in enumerate(ratings):
        if _missing(rating):
            continue
        number = _number(rating)
        if number is None or not 1 <= number <= 5:
            raise ExamplesRefused(f"rating {rating!r} of row {row} isn't from 1 to 5")
        found[row] = number
    return found


def _missing(value: Any) -> bool:
    return value is None or value != value or (isinstance(value, str) and not value.strip())


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
