"""What the fraud model sees of a purchase: the amount against the shopper's history, what has been abnormal of late,
the known frauds at the merchant and by card, device and address, how fast their orders come, and what is new."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from models.features import history
from models.features.knots import Knots, evenly, geometrically
from models.features.sets import FeatureSet
from models.profiles import recent
from models.profiles.kernel import View
from models.risk import Risks
from schemas.batch import EventBatch
from schemas.layout import RECENT
from schemas.risks import SCALES_MS

_EMPTY_CART = 0.01
"""A cart of less is empty: rounding leaves a little, of either sign, of sums that cancel."""

_LEAST_RATIO = 1e-3
_MEANS = ("device", "card", "ip")
"""What is paid with. A purchase may name none of them, and each feature of one that isn't named is 0."""

_FLAG = (0.0, 1.0)
_RATIO = evenly(-2.5, 3.0, 0.25)
_COUNT = evenly(0.0, 4.8, 0.4)
_FEW = evenly(0.0, 3.0, 0.2)
_FRAUDS = geometrically(0.02, 3.0, 15)
_RISK = evenly(0.0, 0.9, 0.075)
_OF_A_DAY = evenly(0.0, float(RECENT), 1.0)

_ALWAYS: Knots = {
    "log_amount": evenly(0.0, 7.8, 0.2),
    "amount_to_mean": _RATIO,
    "amount_z": evenly(-3.0, 10.0, 0.5),
    "amount_to_max": _RATIO,
    "log_total_purchases": evenly(0.0, 7.5, 0.5),
    **{f"merchant_log_frauds_{scale}": _FRAUDS for scale in SCALES_MS},
    **{f"merchant_risk_{scale}": _RISK for scale in SCALES_MS},
    "log_abnormal_1d": _FEW,
    "log_abnormal_7d": _FEW,
    "merchant_log_abnormal_7d": _FEW,
}
_OF_A_MEANS: Knots = {
    "is_new": _FLAG,
    "log_age_d": evenly(0.0, 5.5, 0.5),
    **{f"log_purchases_{scale}": _COUNT for scale in ("1h", "1d", "7d")},
    "log_shoppers": _COUNT,
    "log_abnormal_7d": _FEW,
    "log_frauds_30d": _FRAUDS,
    "risk_30d": _RISK,
}
_WHERE_GIVEN: Knots = {
    "amount_to_cart": (0.0, 0.5, 0.9, 1.0, 1.1, 1.5, 3.0, 20.0),
    "device_new": _FLAG,
    "device_changed": _FLAG,
    "devices_day": _OF_A_DAY,
    "country_new": _FLAG,
    "country_changed": _FLAG,
    "countries_day": _OF_A_DAY,
    **{f"{kind}_{name}": knots for kind in _MEANS for name, knots in _OF_A_MEANS.items()},
}

FRAUD_KNOTS: Knots = {**_ALWAYS, **_WHERE_GIVEN}
"""Where the model's functions of each feature bend. Half or twice as many did as well on the fraud handbook's data."""

FRAUD_PINNED = frozenset(_WHERE_GIVEN)
"""The features that are 0 where an event doesn't have what they are about."""

FRAUD_FEATURES = FeatureSet(tuple(FRAUD_KNOTS))


def fraud_features(
    shopper: View, instruments: Mapping[str, View], risks: Mapping[str, Risks], purchases: EventBatch
) -> npt.NDArray[np.float32]:
    """Features of n purchases, of shape (n, len(FRAUD_FEATURES.names)).

    ``instruments`` and ``risks`` hold n rows by kind; a row that isn't ``applied`` (the purchase names no card, say) is
    0. ``amount_to_mean`` and ``amount_to_max`` are logarithms of ratios, 0 where there is nothing to compare with.
    """
    amount = purchases.amount
    orders = history.total(shopper, "purchases")
    mean = history.ratio(history.total(shopper, "spent"), orders)
    variance = history.ratio(history.total(shopper, "spent_squared"), orders) - mean**2
    cart_value = history.decayed(shopper, "cart_value", "1d")
    merchant, merchant_risks = instruments["merchant"], risks["merchant"]
    columns = {
        "log_amount": np.log1p(amount),
        "amount_to_mean": np.clip(_log_ratio(amount, mean), -2.5, 3.0),
        "amount_z": np.clip((amount - mean) / np.sqrt(np.maximum(variance, 1.0)), -3.0, 10.0) * (orders > 0),
        "amount_to_max": np.clip(_log_ratio(amount, shopper.max_amount), -2.5, 2.0),
        "log_total_purchases": np.log1p(orders),
        "log_abnormal_1d": history.log_decayed(shopper, "abnormal", "1d"),
        "log_abnormal_7d": history.log_decayed(shopper, "abnormal", "7d"),
        "merchant_log_abnormal_7d": history.log_decayed(merchant, "abnormal", "7d"),
        "amount_to_cart": np.minimum(history.ratio(amount, cart_value), 20.0) * (cart_value >= _EMPTY_CART),
        "device_new": shopper.device == recent.NEW,
        "device_changed": (shopper.device == recent.NEW) | (shopper.device == recent.KNOWN),
        "devices_day": shopper.devices_day,
        "country_new": shopper.country == recent.NEW,
        "country_changed": (shopper.country == recent.NEW) | (shopper.country == recent.KNOWN),
        "countries_day": shopper.countries_day,
    }
    for scale in SCALES_MS:
        columns[f"merchant_log_frauds_{scale}"] = merchant_risks.log_frauds(scale)
        columns[f"merchant_risk_{scale}"] = merchant_risks.risk(scale)
    for kind in _MEANS:
        for name, column in _columns_of_a_means(instruments[kind], risks[kind], purchases.ts).items():
            columns[f"{kind}_{name}"] = column
    return FRAUD_FEATURES.matrix(columns, len(purchases))


def _columns_of_a_means(view: View, risks: Risks, ts: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.float64]]:
    return {
        "is_new": history.is_new(view) * view.applied,
        "log_age_d": history.log_tenure_d(view, ts),
        "log_purchases_1h": history.log_decayed(view, "purchases", "1h"),
        "log_purchases_1d": history.log_decayed(view, "purchases", "1d"),
        "log_purchases_7d": history.log_decayed(view, "purchases", "7d"),
        "log_shoppers": np.log1p(view.peers),
        "log_abnormal_7d": history.log_decayed(view, "abnormal", "7d"),
        "log_frauds_30d": risks.log_frauds("30d"),
        "risk_30d": risks.risk("30d"),
    }


def _log_ratio(part: npt.NDArray[np.float64], whole: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(whole > 0, np.log(np.maximum(history.ratio(part, whole), _LEAST_RATIO)), 0.0)
