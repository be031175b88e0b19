"""What the fraud model sees of a purchase: the amount against the shopper's history, how fast orders come from the
shopper, the card, the device, the address and at the merchant, and what is new about them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from models.features import history
from models.features.sets import FeatureSet
from models.partition import INSTRUMENTS
from models.profiles import recent
from models.profiles.kernel import View
from schemas.batch import EventBatch

_EMPTY_CART = 0.01
"""A cart of less is empty: rounding leaves a little, of either sign, of sums that cancel."""

_VELOCITY = ("1h", "1d", "7d", "30d")
_INSTRUMENT_FEATURES = (
    "is_new",
    "log_age_d",
    "log_purchases_1h",
    "log_purchases_1d",
    "log_purchases_7d",
    "log_shoppers",
)

FRAUD_FEATURES = FeatureSet(
    (
        "log_amount",
        "amount_to_mean",
        "amount_z",
        "amount_to_max",
        "amount_to_cart",
        "is_new",
        "log_gap_h",
        "log_tenure_d",
        "log_total_purchases",
        *(f"log_purchases_{scale}" for scale in _VELOCITY),
        *(f"log_spent_{scale}" for scale in _VELOCITY),
        "log_returns_30d",
        "device_new",
        "device_changed",
        "devices_day",
        "country_new",
        "country_changed",
        "countries_day",
        "is_night",
        *(f"{kind}_{name}" for kind in INSTRUMENTS for name in _INSTRUMENT_FEATURES),
    )
)


def fraud_features(shopper: View, instruments: Mapping[str, View], purchases: EventBatch) -> npt.NDArray[np.float32]:
    """Features of n purchases, of shape (n, len(FRAUD_FEATURES.names)).

    ``instruments`` holds a view of n rows by kind; a row that isn't ``applied`` (the purchase names no card, say) is 0.
    """
    ts, amount = purchases.ts, purchases.amount
    orders = history.total(shopper, "purchases")
    mean = history.ratio(history.total(shopper, "spent"), orders)
    variance = history.ratio(history.total(shopper, "spent_squared"), orders) - mean**2
    cart_value = history.decayed(shopper, "cart_value", "1d")
    columns = {
        "log_amount": np.log1p(amount),
        "amount_to_mean": np.minimum(history.ratio(amount, mean), 20.0),
        "amount_z": np.clip((amount - mean) / np.sqrt(np.maximum(variance, 1.0)), -10.0, 10.0) * (orders > 1),
        "amount_to_max": np.minimum(history.ratio(amount, shopper.max_amount), 20.0),
        "amount_to_cart": np.minimum(history.ratio(amount, cart_value), 20.0) * (cart_value >= _EMPTY_CART),
        "is_new": history.is_new(shopper),
        "log_gap_h": history.log_gap_h(shopper, ts),
        "log_tenure_d": history.log_tenure_d(shopper, ts),
        "log_total_purchases": np.log1p(orders),
        "log_returns_30d": history.log_decayed(shopper, "returns", "30d"),
        "device_new": shopper.device == recent.NEW,
        "device_changed": (shopper.device == recent.NEW) | (shopper.device == recent.KNOWN),
        "devices_day": shopper.devices_day,
        "country_new": shopper.country == recent.NEW,
        "country_changed": (shopper.country == recent.NEW) | (shopper.country == recent.KNOWN),
        "countries_day": shopper.countries_day,
        "is_night": ts % history.DAY_MS < 6 * history.HOUR_MS,
    }
    for scale in _VELOCITY:
        columns[f"log_purchases_{scale}"] = history.log_decayed(shopper, "purchases", scale)
        columns[f"log_spent_{scale}"] = history.log_decayed(shopper, "spent", scale)
    for kind in INSTRUMENTS:
        for name, column in _instrument_columns(instruments[kind], ts).items():
            columns[f"{kind}_{name}"] = column
    return FRAUD_FEATURES.matrix(columns, len(purchases))


def _instrument_columns(view: View, ts: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.float64]]:
    return {
        "is_new": history.is_new(view) * view.applied,
        "log_age_d": history.log_tenure_d(view, ts),
        "log_purchases_1h": history.log_decayed(view, "purchases", "1h"),
        "log_purchases_1d": history.log_decayed(view, "purchases", "1d"),
        "log_purchases_7d": history.log_decayed(view, "purchases", "7d"),
        "log_shoppers": np.log1p(view.peers),
    }
