"""What the churn model sees of a shopper at any time: how activity has run up to then, and how long this silence is
against the shopper's usual ones. In silence all of it is known in advance."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.features import history
from models.features.knots import Knots, evenly
from models.features.sets import FeatureSet
from models.profiles.kernel import View
from models.profiles.state import FIRST_MS, LAST_MS
from schemas.batch import EventBatch
from schemas.layout import DAYS_REMEMBERED

_MEASURES = ("cart_adds", "purchases", "returns", "spent")
_SCALES = ("1d", "7d", "30d")
_COUNTS = evenly(0.0, 6.0, 1.5)
_MONEY = evenly(0.0, 9.75, 2.4375)

_FIRST_GAP_D = 45.0
"""Taken for the usual pause of those who came on one day only, in ``recency_to_gap``."""
_FIRST_PAUSE_D = 60.0
"""The same in ``pause_share``."""

CHURN_KNOTS: Knots = {
    **{f"log_{name}_{scale}": _MONEY if name == "spent" else _COUNTS for name in _MEASURES for scale in _SCALES},
    "log_total_cart_adds": _COUNTS,
    "log_total_purchases": _COUNTS,
    "log_total_spent": _MONEY,
    "log_recency_d": evenly(0.0, 5.5, 1.375),
    "log_tenure_d": evenly(0.0, 6.0, 2.0),
    "log_mean_order": evenly(2.0, 8.5, 1.625),
    "log_items": _COUNTS,
    "log_gap_d": _COUNTS,
    "recency_to_gap": evenly(-3.0, 3.0, 1.5),
    "is_one_day": (0.0, 1.0),
    "active_share": evenly(-5.0, 1.0, 1.5),
    "pause_share": evenly(0.0, 1.0, 1 / 3),
    "satisfaction": (0.0, 0.5, 1.0),
    "dissatisfaction": (0.0, 0.5, 1.0),
}
"""Where the model's functions of each feature bend. Scales of 90 and 180 days beside those of 1, 7 and 30 did no better
on the orders of Online Retail."""

OPINIONS = ("satisfaction", "dissatisfaction")
"""The features that are 0 of shoppers whose reviews nobody has read, or who have written none."""

_OLD_REVIEWS = 0.2
"""Added to the decayed number of reviews, so that what was said fades as it ages."""

CHURN_FEATURES = FeatureSet(tuple(CHURN_KNOTS))


def churn_features(view: View, events: EventBatch) -> npt.NDArray[np.float32]:
    """Features of n shoppers at the times of n events, of which no more is seen: shape (n, len(CHURN_FEATURES.names)).

    A gap is the mean number of days from one active day to the next; active days are those of the last
    ``DAYS_REMEMBERED`` up to the latest. ``active_share`` is the logarithm of the share of days with an event since the
    first of those; ``recency_to_gap`` that of the time since the last event to the gap, both plus a day;
    ``pause_share`` the share of pauses that would last this long if they came by chance. ``satisfaction`` and
    ``dissatisfaction`` are the two sides of the mean sentiment of the last months' reviews, from 0 to 1.
    """
    recency_d = history.since_d(view, LAST_MS, events.ts)
    tenure_d = history.since_d(view, FIRST_MS, events.ts)
    purchases = history.total(view, "purchases")
    spent = history.total(view, "spent")
    is_one_day = view.days <= 1
    days_apart = view.extremes_ms[:, LAST_MS] // history.DAY_MS - view.extremes_ms[:, FIRST_MS] // history.DAY_MS
    days_apart = np.minimum(days_apart, DAYS_REMEMBERED - 1)
    gap_d = np.where(is_one_day, 0.0, days_apart / np.maximum(view.days - 1, 1))
    known_gap_d = np.where(is_one_day, _FIRST_GAP_D, gap_d)
    pause_d = np.where(is_one_day, _FIRST_PAUSE_D, np.maximum(gap_d, 1.0))
    scored, sentiment = (history.decayed(view, name, "30d") for name in ("scored_reviews", "sentiment"))
    opinion = np.clip(sentiment / (scored + _OLD_REVIEWS), -1.0, 1.0)
    columns = {
        "log_total_cart_adds": np.log1p(history.total(view, "cart_adds")),
        "log_total_purchases": np.log1p(purchases),
        "log_total_spent": np.log1p(spent),
        "log_recency_d": np.log1p(recency_d),
        "log_tenure_d": np.log1p(tenure_d),
        "log_mean_order": np.log1p(history.ratio(spent, purchases)),
        "log_items": np.log1p(view.peers),
        "log_gap_d": np.log1p(gap_d),
        "recency_to_gap": np.clip(np.log((recency_d + 1) / (known_gap_d + 1)), -3.0, 3.0),
        "is_one_day": is_one_day,
        "active_share": np.log((view.days + 0.5) / (np.minimum(tenure_d, recency_d + DAYS_REMEMBERED) + 15)),
        "pause_share": np.exp(-recency_d / pause_d),
        "satisfaction": np.maximum(opinion, 0.0),
        "dissatisfaction": np.maximum(-opinion, 0.0),
    }
    for measure in _MEASURES:
        for scale in _SCALES:
            columns[f"log_{measure}_{scale}"] = history.log_decayed(view, measure, scale)
    return CHURN_FEATURES.matrix(columns, len(events))
