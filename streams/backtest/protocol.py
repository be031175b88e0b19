"""The Fraud Detection Handbook's test weeks (Le Borgne et al., 2022, chapters 3 and 5).

Before each day of a test week those customers are left out whose card is known to be compromised: by the frauds of the
training week, which lies two weeks before the test week, and by frauds up to eight days ago. Card precision is over
customers, each by the highest score of the day; who was caught on one day isn't looked at on the later ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.metrics import average_precision, roc_auc
from streams.backtest.activity import DAY_MS
from streams.backtest.judged import Columns

TEST_WEEKS = ("2018-08-08", "2018-08-15", "2018-08-22", "2018-08-29")
WEEK_DAYS = 7
LABEL_DAYS = 7
CARDS_A_DAY = 100
"""How many customers a day the bank can look into."""


@dataclass(frozen=True, kw_only=True)
class Week:
    start: str
    n: int
    frauds: int
    auc: float
    ap: float
    cp100: float


def week_of(purchases: Columns, start: str) -> Week:
    """One test week by the protocol; ``start`` is its first day, such as ``2018-08-08``.

    A purchase that wasn't scored, because the model was warming up, counts as harmless.
    """
    tested = purchases.where(is_tested(purchases, int(np.datetime64(start, "D").astype(np.int64))))
    tested = tested._replace(score=np.nan_to_num(tested.score))
    return Week(
        start=start,
        n=len(tested.ts),
        frauds=int(tested.label.sum()),
        auc=roc_auc(tested.label, tested.score),
        ap=average_precision(tested.label, tested.score),
        cp100=card_precision(tested),
    )


def is_tested(purchases: Columns, first: int) -> npt.NDArray[np.bool_]:
    """Which of n purchases are of the test week from day ``first`` on (since 1970), and not of a customer known to be
    compromised: shape (n,)."""
    day, customer, fraud = purchases.ts // DAY_MS, purchases.shopper, purchases.label
    trained = first - LABEL_DAYS - WEEK_DAYS
    known = fraud & (day >= trained) & (day < trained + WEEK_DAYS)
    tested = np.zeros(len(day), dtype=np.bool_)
    for today in range(first, first + WEEK_DAYS):
        known |= fraud & (day == today - LABEL_DAYS - 1)
        tested |= (day == today) & ~np.isin(customer, customer[known])
    return tested


def card_precision(tested: Columns, budget: int = CARDS_A_DAY) -> float:
    """Mean over the days of the share of compromised customers among the ``budget`` highest scored ones."""
    day = tested.ts // DAY_MS
    caught: set[int] = set()
    found = []
    for today in np.unique(day):
        of_day = tested.where(day == today)
        compromised = set(of_day.shopper[of_day.label].tolist())
        score: dict[int, float] = {}
        for customer, at in zip(of_day.shopper.tolist(), of_day.score.tolist(), strict=True):
            if customer not in caught:
                score[customer] = max(at, score.get(customer, at))
        highest = sorted(score, key=lambda customer: (-score[customer], customer))[:budget]
        hits = compromised.intersection(highest)
        caught |= hits
        found.append(len(hits) / budget)
    return float(np.mean(found)) if found else float("nan")
