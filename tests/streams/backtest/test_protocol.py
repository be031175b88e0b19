"""The handbook's protocol on days made up."""

import doctest
from types import ModuleType

import numpy as np
import pytest

from streams.backtest import ablation, changes
from streams.backtest.activity import DAY_MS
from streams.backtest.judged import Columns
from streams.backtest.protocol import card_precision, is_tested

FIRST = 100


def purchases(*rows: tuple[int, int, bool, float]) -> Columns:
    """Of (day, customer, fraud, score)."""
    day, customer, fraud, score = zip(*rows, strict=True)
    return Columns(np.array(day) * DAY_MS, np.array(customer), np.array(fraud), np.array(score))


def test_customers_known_to_be_compromised_are_left_out() -> None:
    told = purchases(
        (FIRST - 15, 1, True, 0.0),  # before the training week
        (FIRST - 14, 2, True, 0.0),  # in it
        (FIRST - 7, 3, True, 0.0),  # its label comes seven days later, and counts a day after that
        (FIRST - 14, 4, False, 0.0),
        *((day, customer, False, 0.0) for day in (FIRST - 1, FIRST, FIRST + 1, FIRST + 7) for customer in (1, 2, 3, 4)),
    )
    tested = told.where(is_tested(told, FIRST))
    assert sorted(zip((tested.ts // DAY_MS).tolist(), tested.shopper.tolist(), strict=True)) == [
        (FIRST, 1),
        (FIRST, 3),
        (FIRST, 4),
        (FIRST + 1, 1),
        (FIRST + 1, 4),
    ]


def test_card_precision_is_of_customers_and_forgets_who_was_caught() -> None:
    tested = purchases(
        (FIRST, 1, True, 0.1),  # among the two highest by another purchase of the day
        (FIRST, 1, False, 0.9),
        (FIRST, 2, False, 0.8),
        (FIRST, 3, True, 0.7),
        (FIRST + 1, 1, True, 0.9),  # caught the day before
        (FIRST + 1, 2, False, 0.6),
        (FIRST + 1, 3, True, 0.5),
        (FIRST + 1, 4, False, 0.4),
    )
    assert card_precision(tested, budget=2) == pytest.approx((1 / 2 + 1 / 2) / 2)
    assert np.isnan(card_precision(tested.where(np.zeros(8, dtype=np.bool_))))


@pytest.mark.parametrize("module", [ablation, changes], ids=lambda module: module.__name__)
def test_examples_in_docstrings_hold(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert (result.attempted > 0, result.failed) == (True, 0)
