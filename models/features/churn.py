"""What the churn model sees of any event: how the shopper's activity has run, from before the event, and its type."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.features import history
from models.features.sets import FeatureSet
from models.profiles.kernel import View
from schemas.batch import EventBatch
from schemas.events import EVENT_TYPES
from schemas.layout import SCALES_MS

_COUNTS = {
    "views": ("1d", "30d"),
    "searches": ("7d",),
    "cart_adds": ("1d", "30d"),
    "purchases": ("7d", "30d"),
    "returns": ("30d",),
    "reviews": ("30d",),
    "spent": ("30d",),
    "cart_value": ("1d",),
}

CHURN_FEATURES = FeatureSet(
    (
        "is_new",
        "log_gap_h",
        "log_tenure_d",
        "log_since_purchase_d",
        "has_purchased",
        *(f"log_activity_{scale}" for scale in SCALES_MS),
        "trend_7d_30d",
        *(f"log_{measure}_{scale}" for measure, scales in _COUNTS.items() for scale in scales),
        "log_total_events",
        "log_total_purchases",
        "log_total_spent",
        "log_mean_order",
        "log_items",
        "log_sessions",
        "night_share_30d",
        "is_purchase",
        "is_return",
    )
)


def churn_features(view: View, events: EventBatch) -> npt.NDArray[np.float32]:
    """Features of n events from their shoppers' views: shape (n, len(CHURN_FEATURES.names))."""
    ts = events.ts
    active_30d = history.activity(view, "30d")
    purchases = history.total(view, "purchases")
    spent = history.total(view, "spent")
    columns = {
        "is_new": history.is_new(view),
        "log_gap_h": history.log_gap_h(view, ts),
        "log_tenure_d": history.log_tenure_d(view, ts),
        "log_since_purchase_d": history.log_since_purchase_d(view, ts),
        "has_purchased": purchases > 0,
        "trend_7d_30d": history.ratio(history.activity(view, "7d"), active_30d),
        "log_total_events": np.log1p(history.total(view, "events")),
        "log_total_purchases": np.log1p(purchases),
        "log_total_spent": np.log1p(spent),
        "log_mean_order": np.log1p(history.ratio(spent, purchases)),
        "log_items": np.log1p(view.peers),
        "log_sessions": np.log1p(view.sessions),
        "night_share_30d": history.ratio(history.decayed(view, "night", "30d"), active_30d),
        "is_purchase": events.type == EVENT_TYPES["purchase"],
        "is_return": events.type == EVENT_TYPES["return"],
    }
    for scale in SCALES_MS:
        columns[f"log_activity_{scale}"] = np.log1p(history.activity(view, scale))
    for measure, scales in _COUNTS.items():
        for scale in scales:
            columns[f"log_{measure}_{scale}"] = history.log_decayed(view, measure, scale)
    return CHURN_FEATURES.matrix(columns, len(events))
