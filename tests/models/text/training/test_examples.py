"""Labels and ratings in the forms that files have."""

from __future__ import annotations

import numpy as np
import pytest

from models.errors import ExamplesRefused
from models.text.training.examples import NEGATIVE, NEUTRAL, POSITIVE, UNKNOWN, labelled


@pytest.mark.parametrize(
    ("labels", "codes"),
    [
        ([0, 1, 1], [NEGATIVE, POSITIVE, POSITIVE]),
        (["0", "1", "1.0"], [NEGATIVE, POSITIVE, POSITIVE]),
        ([-1, 0, 1], [NEGATIVE, NEUTRAL, POSITIVE]),
        (["-1", "0", "1"], [NEGATIVE, NEUTRAL, POSITIVE]),
        (["negative", " Neutral", "POSITIVE"], [NEGATIVE, NEUTRAL, POSITIVE]),
    ],
)
def test_labels(labels: list[object], codes: list[int]) -> None:
    assert labelled(["a", "b", "c"], labels=labels).sentiment.tolist() == codes


def test_a_rating_says_the_sentiment_too_where_no_label_does() -> None:
    examples = labelled("abcdef", labels=["positive", *[None] * 5], ratings=[1, 2, 3, 3.5, 4, "5"])
    assert examples.sentiment.tolist() == [POSITIVE, NEGATIVE, NEUTRAL, NEUTRAL, POSITIVE, POSITIVE]
    assert examples.stars.tolist() == [1, 2, 3, 3.5, 4, 5]


def test_a_label_alone_says_nothing_of_stars() -> None:
    examples = labelled(["a", "b"], labels=[0, ""], ratings=[float("nan"), 4])
    assert np.isnan(examples.stars).tolist() == [True, False]
    assert UNKNOWN not in examples.sentiment


def test_rows_with_nothing_to_learn_are_left_out() -> None:
    examples = labelled(["a", "", "  ", None, float("nan"), "f"], labels=[1, 1, 1, 1, 1, None])
    assert examples.texts == ["a"]


@pytest.mark.parametrize("labels", [[2], ["good"], [0.5], ["-1", "2"]])
def test_other_labels_are_refused(labels: list[object]) -> None:
    with pytest.raises(ExamplesRefused, match="of row"):
        labelled(["a"] * len(labels), labels=labels)


@pytest.mark.parametrize("rating", [0, 6, "many"])
def test_other_ratings_are_refused(rating: object) -> None:
    with pytest.raises(ExamplesRefused, match="isn't from 1 to 5"):
        labelled(["a"], ratings=[rating])
