"""What follows a purchase by days: its return, a review of an item, a verdict on whether it was a fraud."""

from __future__ import annotations

import numpy as np

from streams.simulate.catalogue import Catalogue
from streams.simulate.rows import FRAUD_LABEL, RETURN, REVIEW, Floats, Fraud, Rows
from streams.simulate.sentences import N_HAPPY, N_UNHAPPY
from streams.simulate.shop import DAY_MS
from streams.simulate.shoppers import Shoppers

REVIEWED = 0.15
"""Share of purchases, frauds left out."""
RETURNED_WHOLE = 0.6
"""Share of returns; of the others a part comes back."""
CHARGED_BACK = 0.9
"""Share of frauds that are ever told of."""
CLEARED = 0.1
"""Share of other purchases on which there is a verdict, too: that it is ok."""
TWO_SENTENCES = 0.5

_RETURN_D, _REVIEW_D, _CHARGEBACK_D, _CLEARED_D = 8.0, 7.0, 12.0, 3.0
_LEAST_D = 1.0


def followed(purchases: Rows, shoppers: Shoppers, catalogue: Catalogue, rng: np.random.Generator) -> Rows:
    """Returns, reviews and labels of purchases. After their end shoppers neither return nor review; banks go on."""
    quality = catalogue.quality[purchases["item"]]
    ends = np.where(purchases["slot"] >= 0, shoppers.state["ends"][purchases["slot"]], 0)
    returns = _returned(purchases, shoppers, quality, rng)
    reviews = _reviewed(purchases, quality, rng)
    return np.concatenate([*(made[made["ts"] < ends[of]] for made, of in (returns, reviews)), _judged(purchases, rng)])


def _returned(purchases: Rows, shoppers: Shoppers, quality: Floats, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Good items come back less often; what was bought for it comes back for certain."""
    chance = 2 * (1 - quality) * shoppers.state["returns"][purchases["slot"]]
    chance = np.where(purchases["fraud"] == Fraud.REFUND_ABUSE, 1, chance * (purchases["fraud"] == Fraud.NONE))
    of = np.flatnonzero(rng.random(len(purchases)) < chance)
    rows = _after(purchases[of], RETURN, _RETURN_D, rng)
    part = np.where(rng.random(len(rows)) < RETURNED_WHOLE, 1, rng.uniform(0.2, 0.9, len(rows)))
    rows["amount"] = np.round(rows["amount"] * part, 2)
    rows["quantity"] = np.maximum(1, rows["quantity"] * part)
    return rows, of


def _reviewed(purchases: Rows, quality: Floats, rng: np.random.Generator) -> tuple[Rows, Rows]:
    chance = REVIEWED * (purchases["fraud"] == Fraud.NONE)
    of = np.flatnonzero(rng.random(len(purchases)) < chance)
    rows = _after(purchases[of], REVIEW, _REVIEW_D, rng)
    happy = rng.random(len(rows)) < quality[of]
    stars = rng.integers(4, 6, len(rows))
    rows["rating"] = np.where(happy, stars, 6 - stars)
    place = rng.random((2, len(rows)))
    rows["words"] = np.where(happy, N_UNHAPPY + place * N_HAPPY, place * N_UNHAPPY).astype(np.int64).T
    rows["words"][rng.random(len(rows)) >= TWO_SENTENCES, 1] = -1
    return rows, of


def _judged(purchases: Rows, rng: np.random.Generator) -> Rows:
    fraud = purchases["fraud"] != Fraud.NONE
    of = np.flatnonzero(rng.random(len(purchases)) < np.where(fraud, CHARGED_BACK, CLEARED))
    rows = _after(purchases[of], FRAUD_LABEL, np.where(fraud[of], _CHARGEBACK_D, _CLEARED_D), rng)
    rows["fraud"] = fraud[of]
    return rows


def _after(purchases: Rows, kind: int, mean_d: float | Floats, rng: np.random.Generator) -> Rows:
    """Copies of purchases, which they target, a gamma distributed time after them."""
    rows = purchases.copy()
    rows["kind"], rows["target"] = kind, purchases["n"]
    rows["fraud"] = Fraud.NONE
    delay_d = _LEAST_D + rng.gamma(2, 1, len(rows)) * mean_d / 2
    rows["ts"] = purchases["ts"] + (delay_d * DAY_MS).astype(np.int64)
    return rows
