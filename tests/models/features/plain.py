"""The feature sets as their names say, of one event and the state that its profiles were in: plain Python."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, log, log1p, sqrt

from tests.models.features.shop import ShopEvent
from tests.models.profiles.reference import DAY_MS, State, distinct, remembered, sighting, within_a_day

Risk = tuple[list[float], list[float]]
"""Labels and frauds, decayed over a day, a week and a month."""

_SCALES = ("1d", "7d", "30d")


def churn(state: State, event: ShopEvent) -> dict[str, float]:
    recency_d, tenure_d = _days_since(state.last_ms, event.ts), _days_since(state.first_ms, event.ts)
    active_days = len(remembered(state.days))
    gap_d = min(max(state.days) - min(state.days), 511) / (active_days - 1) if active_days > 1 else 0.0
    features = {
        "log_total_cart_adds": log1p(state.totals["cart_adds"]),
        "log_total_purchases": log1p(state.totals["purchases"]),
        "log_total_spent": log1p(state.totals["spent"]),
        "log_recency_d": log1p(recency_d),
        "log_tenure_d": log1p(tenure_d),
        "log_mean_order": log1p(_ratio(state.totals["spent"], state.totals["purchases"])),
        "log_items": log1p(distinct(state.peers)),
        "log_gap_d": log1p(gap_d),
        "recency_to_gap": _within(log((recency_d + 1) / ((gap_d if active_days > 1 else 45) + 1)), -3, 3),
        "is_one_day": float(active_days <= 1),
        "active_share": log((active_days + 0.5) / (min(tenure_d, recency_d + 512) + 15)),
        "pause_share": exp(-recency_d / (max(gap_d, 1) if active_days > 1 else 60)),
    }
    opinion = _within(state.decayed["sentiment", "30d"] / (state.decayed["scored_reviews", "30d"] + 0.2), -1, 1)
    features["satisfaction"], features["dissatisfaction"] = max(opinion, 0), max(-opinion, 0)
    for measure in ("cart_adds", "purchases", "returns", "spent"):
        for scale in _SCALES:
            features[f"log_{measure}_{scale}"] = log1p(state.decayed[measure, scale])
    return features


def fraud(
    state: State, instruments: Mapping[str, State | None], risks: Mapping[str, Risk], event: ShopEvent
) -> dict[str, float]:
    """``instruments``: None where the event names none. ``risks``: of those that have any."""
    orders = state.totals["purchases"]
    mean = _ratio(state.totals["spent"], orders)
    variance = _ratio(state.totals["spent_squared"], orders) - mean**2
    cart_value = state.decayed["cart_value", "1d"]
    device, country = sighting(event.device, state.devices), sighting(event.country, state.countries)
    now_ms = max(event.ts, state.last_ms)
    features = {
        "log_amount": log1p(event.amount),
        "amount_to_mean": _log_ratio(event.amount, mean, 3),
        "amount_z": _within((event.amount - mean) / sqrt(max(variance, 1.0)), -3, 10) if orders else 0,
        "amount_to_max": _log_ratio(event.amount, state.max_amount, 2),
        "log_total_purchases": log1p(orders),
        "log_abnormal_1d": log1p(state.decayed["abnormal", "1d"]),
        "log_abnormal_7d": log1p(state.decayed["abnormal", "7d"]),
        "amount_to_cart": min(_ratio(event.amount, cart_value), 20) if cart_value >= 0.01 else 0,
        "device_new": device == "new",
        "device_changed": device in ("known", "new"),
        "devices_day": within_a_day(state.devices, now_ms),
        "country_new": country == "new",
        "country_changed": country in ("known", "new"),
        "countries_day": within_a_day(state.countries, now_ms),
    }
    merchant = instruments["merchant"]
    features["merchant_log_abnormal_7d"] = log1p(merchant.decayed["abnormal", "7d"]) if merchant else 0
    for at, scale in enumerate(_SCALES):
        labels, frauds = risks.get("merchant", ([0.0] * 3, [0.0] * 3))
        features[f"merchant_log_frauds_{scale}"] = log1p(frauds[at])
        features[f"merchant_risk_{scale}"] = frauds[at] / (labels[at] + 1)
    for kind in ("device", "card", "ip"):
        features |= {f"{kind}_{name}": value for name, value in _means(instruments[kind], event).items()}
        labels, frauds = risks.get(kind, ([0.0] * 3, [0.0] * 3))
        features[f"{kind}_log_frauds_30d"] = log1p(frauds[2])
        features[f"{kind}_risk_30d"] = frauds[2] / (labels[2] + 1)
    return {name: float(value) for name, value in features.items()}


def _means(state: State | None, event: ShopEvent) -> dict[str, float]:
    names = [f"{measure}_{scale}" for measure in ("purchases",) for scale in ("1h", "1d", "7d")] + ["abnormal_7d"]
    if state is None:
        return dict.fromkeys(("is_new", "log_age_d", "log_shoppers", *(f"log_{name}" for name in names)), 0.0)
    return {
        "is_new": float(state.first_ms == 0),
        "log_age_d": log1p(_days_since(state.first_ms, event.ts)),
        "log_shoppers": log1p(distinct(state.peers)),
        **{f"log_{name}": log1p(state.decayed[tuple(name.split("_"))]) for name in names},  # type: ignore[index]
    }


def _days_since(at_ms: int, ts: int) -> float:
    return max(ts - at_ms, 0) / DAY_MS if at_ms else 0.0


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0


def _log_ratio(part: float, whole: float, most: float) -> float:
    return _within(log(max(part / whole, 1e-3)), -2.5, most) if whole > 0 else 0.0


def _within(value: float, least: float, most: float) -> float:
    return max(least, min(value, most))
