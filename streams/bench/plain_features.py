"""The features of one event in plain Python, from profiles as they were before it: those of ``models.features``."""

from __future__ import annotations

from collections.abc import Mapping
from math import log1p, sqrt

from models.profiles import recent
from schemas.events import Event
from schemas.layout import KINDS, MEASURES, SCALES_MS
from streams.bench.plain_profile import DAY_MS, PlainProfile, distinct, sighting

_HOUR_MS = 3_600_000
_AT = {
    (measure, scale): MEASURES.index(measure) * len(SCALES_MS) + index
    for measure in MEASURES
    for index, scale in enumerate(SCALES_MS)
}
_N_COUNTS = MEASURES.index("spent")
_CHURN_SUMS = {
    f"log_{measure}_{scale}": _AT[measure, scale]
    for measure, scales in {
        "views": ("1d", "30d"),
        "searches": ("7d",),
        "cart_adds": ("1d", "30d"),
        "purchases": ("7d", "30d"),
        "returns": ("30d",),
        "reviews": ("30d",),
        "spent": ("30d",),
        "cart_value": ("1d",),
    }.items()
    for scale in scales
}
_FRAUD_SUMS = {
    f"log_{measure}_{scale}": _AT[measure, scale]
    for measure, scales in {"purchases": SCALES_MS, "spent": SCALES_MS, "returns": ("30d",)}.items()
    for scale in scales
}
_NOTHING = PlainProfile("")


def churn_features(shopper: PlainProfile, event: Event) -> dict[str, float]:
    decayed, totals, ts = shopper.decayed, shopper.totals, event.ts
    activity = [sum(decayed[scale : 4 * _N_COUNTS : 4]) for scale in range(len(SCALES_MS))]
    features = {name: log1p(max(decayed[at], 0.0)) for name, at in _CHURN_SUMS.items()}
    for scale, active in zip(SCALES_MS, activity, strict=True):
        features[f"log_activity_{scale}"] = log1p(active)
    features["is_new"] = float(shopper.first_ms == 0)
    features["log_gap_h"] = _log_since(shopper.last_ms, ts, _HOUR_MS)
    features["log_tenure_d"] = _log_since(shopper.first_ms, ts, DAY_MS)
    features["log_since_purchase_d"] = _log_since(shopper.last_purchase_ms, ts, DAY_MS)
    features["has_purchased"] = float(totals[1] > 0)
    features["trend_7d_30d"] = _ratio(activity[2], activity[3])
    features["log_total_events"] = log1p(totals[0])
    features["log_total_purchases"] = log1p(totals[1])
    features["log_total_spent"] = log1p(totals[3])
    features["log_mean_order"] = log1p(_ratio(totals[3], totals[1]))
    features["log_items"] = log1p(distinct(shopper.peers))
    features["log_sessions"] = log1p(distinct(shopper.sessions))
    features["night_share_30d"] = _ratio(decayed[_AT["night", "30d"]], activity[3])
    features["is_purchase"] = float(event.code == 7)
    features["is_return"] = float(event.code == 8)
    return features


def fraud_features(
    shopper: PlainProfile, instruments: Mapping[str, PlainProfile], event: Event, *, device: int, country: int
) -> dict[str, float]:
    """``instruments``: the profiles of the purchase's device, card, address and merchant, as far as it names them."""
    decayed, totals, ts, amount = shopper.decayed, shopper.totals, event.ts, event.amount
    mean = _ratio(totals[3], totals[1])
    variance = _ratio(totals[4], totals[1]) - mean**2
    cart_value = decayed[_AT["cart_value", "1d"]]
    device_is, country_is = sighting(shopper.devices, device), sighting(shopper.countries, country)
    since_ms = max(ts, shopper.last_ms) - DAY_MS
    features = {name: log1p(max(decayed[at], 0.0)) for name, at in _FRAUD_SUMS.items()}
    features["log_amount"] = log1p(amount)
    features["amount_to_mean"] = min(_ratio(amount, mean), 20.0)
    scaled = (amount - mean) / sqrt(max(variance, 1.0))
    features["amount_z"] = max(-10.0, min(scaled, 10.0)) if totals[1] > 1 else 0.0
    features["amount_to_max"] = min(_ratio(amount, shopper.max_amount), 20.0)
    features["amount_to_cart"] = min(_ratio(amount, cart_value), 20.0) if cart_value >= 0.01 else 0.0
    features["is_new"] = float(shopper.first_ms == 0)
    features["log_gap_h"] = _log_since(shopper.last_ms, ts, _HOUR_MS)
    features["log_tenure_d"] = _log_since(shopper.first_ms, ts, DAY_MS)
    features["log_total_purchases"] = log1p(totals[1])
    features["device_new"] = float(device_is == recent.NEW)
    features["device_changed"] = float(device_is in (recent.NEW, recent.KNOWN))
    features["devices_day"] = float(sum(at > since_ms for at, _ in shopper.devices))
    features["country_new"] = float(country_is == recent.NEW)
    features["country_changed"] = float(country_is in (recent.NEW, recent.KNOWN))
    features["countries_day"] = float(sum(at > since_ms for at, _ in shopper.countries))
    features["is_night"] = float(ts % DAY_MS < 6 * _HOUR_MS)
    for kind in KINDS[2:]:
        profile = instruments.get(kind, _NOTHING)
        features[f"{kind}_is_new"] = float(kind in instruments and profile.first_ms == 0)
        features[f"{kind}_log_age_d"] = _log_since(profile.first_ms, ts, DAY_MS)
        features[f"{kind}_log_purchases_1h"] = log1p(max(profile.decayed[_AT["purchases", "1h"]], 0.0))
        features[f"{kind}_log_purchases_1d"] = log1p(max(profile.decayed[_AT["purchases", "1d"]], 0.0))
        features[f"{kind}_log_purchases_7d"] = log1p(max(profile.decayed[_AT["purchases", "7d"]], 0.0))
        features[f"{kind}_log_shoppers"] = log1p(distinct(profile.peers))
    return features


def _log_since(at_ms: int, ts: int, unit_ms: int) -> float:
    return log1p(max(ts - at_ms, 0) / unit_ms) if at_ms > 0 else 0.0


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0
