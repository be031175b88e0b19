"""Which texts are held out."""

from __future__ import annotations

import numpy as np

from models.text.training.composed import SOURCES, composed, sentences
from models.text.training.split import folds, validation

TEXTS = [f"text number {number}" for number in range(2_000)]


def test_a_repeated_text_is_on_one_side() -> None:
    same = [text.upper().replace(" ", " , ") + "!" for text in TEXTS]
    assert (folds(TEXTS, 5) == folds(same, 5)).all()
    assert (validation(TEXTS, 0.1) == validation(same, 0.1)).all()


def test_sides_are_as_large_as_asked_for_and_independent() -> None:
    fold, held_out = folds(TEXTS, 5), validation(TEXTS, 0.1)
    assert np.bincount(fold).tolist() == [np.sum(fold == number) for number in range(5)]
    assert (abs(np.bincount(fold) - 400) < 80).all()
    assert abs(held_out.mean() - 0.1) < 0.03
    assert abs(held_out[fold == 0].mean() - 0.1) < 0.06


def test_no_sentence_that_is_held_out_is_learnt_from_in_a_joined_text() -> None:
    training, held_out = composed(held_out=0.1, joined_texts=60)
    plain = sentences(SOURCES)
    learnt = " ".join(training.texts)
    hidden = [text for text in np.array(plain.texts)[validation(plain.texts, 0.1)] if len(text) > 40]
    assert len(hidden) > 50
    assert not any(text in learnt for text in hidden)
    assert len(training) > 3_000
    assert set(held_out.sentiment) == {0, 1, 2}
