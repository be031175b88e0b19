"""The features of one event in plain Python, from profiles as they were before it: those of ``models.features``. No
label arrives while the plain worker runs, so that nobody is known for frauds."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, log, log1p, sqrt

from models.features.fraud import FRAUD_FEATURES
from models.profiles import recent
from schemas.events import Event
from schemas.layout import MEASURES, SCALES_MS
from streams.bench.plain_profile import DAY_MS, PlainProfile, distinct, sighting

_AT = {
    (measure, scale): MEASURES.index(measure) * len(SCALES_MS) + index
    for measure in MEASURES
    for index, scale in enumerate(SCALES_MS)
}
_CHURN_SUMS = {
    f"log_{measure}_{scale}": _AT[measure, scale]
    for measure in ("cart_adds", "purchases", "returns", "spent")
    for scale in ("1d", "7d", "30d")
}
_NO_FRAUDS = {name: 0.0 for name in FRAUD_FEATURES.names if "frauds" in name or "risk" in name}
_NOTHING = PlainProfile("")


def churn_features(shopper: PlainProfile, event: Event) -> dict[str, float]:
    decayed, totals, ts = shopper.decayed, shopper.totals, event.ts
    recency_d, tenure_d = _days_since(shopper.last_ms, ts), _days_since(shopper.first_ms, ts)
    days = shopper.days.bit_count()  # exact: a run spans few days
    gap_d = (shopper.last_ms // DAY_MS - shopper.first_ms // DAY_MS) / (days - 1) if days > 1 else 0.0
    features = {name: log1p(max(decayed[at], 0.0)) for name, at in _CHURN_SUMS.items()}
    features["log_total_cart_adds"] = log1p(totals[6])
    features["log_total_purchases"] = log1p(totals[1])
    features["log_total_spent"] = log1p(totals[3])
    features["log_recency_d"] = log1p(recency_d)
    features["log_tenure_d"] = log1p(tenure_d)
    features["log_mean_order"] = log1p(_ratio(totals[3], totals[1]))
    features["log_items"] = log1p(distinct(shopper.peers))
    features["log_gap_d"] = log1p(gap_d)
    features["recency_to_gap"] = max(-3.0, min(log((recency_d + 1) / ((gap_d if days > 1 else 45.0) + 1)), 3.0))
    features["is_one_day"] = float(days <= 1)
    features["active_share"] = log((days + 0.5) / (tenure_d + 15))
    features["pause_share"] = exp(-recency_d / (max(gap_d, 1.0) if days > 1 else 60.0))
    opinion = decayed[_AT["sentiment", "30d"]] / (decayed[_AT["scored_reviews", "30d"]] + 0.2)
    features["satisfaction"] = max(0.0, min(opinion, 1.0))
    features["dissatisfaction"] = max(0.0, min(-opinion, 1.0))
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
    features = dict(_NO_FRAUDS)
    features["log_amount"] = log1p(amount)
    features["amount_to_mean"] = _log_ratio(amount, mean, 3.0)
    features["amount_z"] = max(-3.0, min((amount - mean) / sqrt(max(variance, 1.0)), 10.0)) if totals[1] else 0.0
    features["amount_to_max"] = _log_ratio(amount, shopper.max_amount, 2.0)
    features["log_total_purchases"] = log1p(totals[1])
    features["log_abnormal_1d"] = log1p(decayed[_AT["abnormal", "1d"]])
    features["log_abnormal_7d"] = log1p(decayed[_AT["abnormal", "7d"]])
    features["merchant_log_abnormal_7d"] = log1p(instruments.get("merchant", _NOTHING).decayed[_AT["abnormal", "7d"]])
    features["amount_to_cart"] = min(_ratio(amount, cart_value), 20.0) if cart_value >= 0.01 else 0.0
    features["device_new"] = float(device_is == recent.NEW)
    features["device_changed"] = float(device_is in (recent.NEW, recent.KNOWN))
    features["devices_day"] = float(sum(at > since_ms for at, _ in shopper.devices))
    features["country_new"] = float(country_is == recent.NEW)
    features["country_changed"] = float(country_is in (recent.NEW, recent.KNOWN))
    features["countries_day"] = float(sum(at > since_ms for at, _ in shopper.countries))
    for kind in ("device", "card", "ip"):
        profile = instruments.get(kind, _NOTHING)
        features[f"{kind}_is_new"] = float(kind in instruments and profile.first_ms == 0)
        features[f"{kind}_log_age_d"] = log1p(_days_since(profile.first_ms, ts))
        features[f"{kind}_log_purchases_1h"] = log1p(profile.decayed[_AT["purchases", "1h"]])
        features[f"{kind}_log_purchases_1d"] = log1p(profile.decayed[_AT["purchases", "1d"]])
        features[f"{kind}_log_purchases_7d"] = log1p(profile.decayed[_AT["purchases", "7d"]])
        features[f"{kind}_log_shoppers"] = log1p(distinct(profile.peers))
        features[f"{kind}_log_abnormal_7d"] = log1p(profile.decayed[_AT["abnormal", "7d"]])
    return features


def _days_since(at_ms: int, ts: int) -> float:
    return max(ts - at_ms, 0) / DAY_MS if at_ms > 0 else 0.0


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0


def _log_ratio(part: float, whole: float, most: float) -> float:
    return max(-2.5, min(log(max(part / whole, 1e-3)), most)) if whole > 0 else 0.0
