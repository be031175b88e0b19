"""The feature sets as their names say, of one event and the state that its profiles were in: plain Python."""

from __future__ import annotations

from collections.abc import Mapping
from math import log1p, sqrt

from tests.models.features.shop import ShopEvent
from tests.models.profiles.reference import (
    DAY_MS,
    HOUR_MS,
    SCALES_MS,
    TYPES,
    State,
    distinct,
    sighting,
    within_a_day,
)


def churn(state: State, event: ShopEvent) -> dict[str, float]:
    activity = {scale: sum(state.decayed[name, scale] for name in _COUNTS) for scale in SCALES_MS}
    features = {
        "is_new": state.first_ms == 0,
        "log_gap_h": _log_since(state.last_ms, event.ts, HOUR_MS),
        "log_tenure_d": _log_since(state.first_ms, event.ts, DAY_MS),
        "log_since_purchase_d": _log_since(state.last_purchase_ms, event.ts, DAY_MS),
        "has_purchased": state.totals["purchases"] > 0,
        "trend_7d_30d": _ratio(activity["7d"], activity["30d"]),
        "log_total_events": log1p(state.totals["events"]),
        "log_total_purchases": log1p(state.totals["purchases"]),
        "log_total_spent": log1p(state.totals["spent"]),
        "log_mean_order": log1p(_ratio(state.totals["spent"], state.totals["purchases"])),
        "log_items": log1p(distinct(state.peers)),
        "log_sessions": log1p(distinct(state.sessions)),
        "night_share_30d": _ratio(state.decayed["night", "30d"], activity["30d"]),
        "is_purchase": event.type == "purchase",
        "is_return": event.type == "return",
    }
    features |= {f"log_activity_{scale}": log1p(value) for scale, value in activity.items()}
    features |= {f"log_{name}": _log_decayed(state, name) for name in _CHURN_SUMS}
    return {name: float(value) for name, value in features.items()}


def fraud(state: State, instruments: Mapping[str, State | None], event: ShopEvent) -> dict[str, float]:
    """``instruments``: None where the event names none."""
    orders = state.totals["purchases"]
    mean = _ratio(state.totals["spent"], orders)
    variance = _ratio(state.totals["spent_squared"], orders) - mean**2
    z = (event.amount - mean) / sqrt(max(variance, 1.0))
    cart_value = state.decayed["cart_value", "1d"]
    device, country = sighting(event.device, state.devices), sighting(event.country, state.countries)
    now_ms = max(event.ts, state.last_ms)
    features = {
        "log_amount": log1p(event.amount),
        "amount_to_mean": min(_ratio(event.amount, mean), 20),
        "amount_z": max(-10.0, min(z, 10.0)) if orders > 1 else 0,
        "amount_to_max": min(_ratio(event.amount, state.max_amount), 20),
        "amount_to_cart": min(_ratio(event.amount, cart_value), 20) if cart_value >= 0.01 else 0,
        "is_new": state.first_ms == 0,
        "log_gap_h": _log_since(state.last_ms, event.ts, HOUR_MS),
        "log_tenure_d": _log_since(state.first_ms, event.ts, DAY_MS),
        "log_total_purchases": log1p(orders),
        "log_returns_30d": _log_decayed(state, "returns_30d"),
        "device_new": device == "new",
        "device_changed": device in ("known", "new"),
        "devices_day": within_a_day(state.devices, now_ms),
        "country_new": country == "new",
        "country_changed": country in ("known", "new"),
        "countries_day": within_a_day(state.countries, now_ms),
        "is_night": event.ts % DAY_MS < 6 * HOUR_MS,
    }
    for scale in SCALES_MS:
        features[f"log_purchases_{scale}"] = _log_decayed(state, f"purchases_{scale}")
        features[f"log_spent_{scale}"] = _log_decayed(state, f"spent_{scale}")
    for kind, instrument in instruments.items():
        features |= {f"{kind}_{name}": value for name, value in _instrument(instrument, event).items()}
    return {name: float(value) for name, value in features.items()}


def _instrument(state: State | None, event: ShopEvent) -> dict[str, float]:
    names = ("log_purchases_1h", "log_purchases_1d", "log_purchases_7d")
    if state is None:
        return dict.fromkeys(("is_new", "log_age_d", *names, "log_shoppers"), 0.0)
    return {
        "is_new": float(state.first_ms == 0),
        "log_age_d": _log_since(state.first_ms, event.ts, DAY_MS),
        **{name: _log_decayed(state, name.removeprefix("log_")) for name in names},
        "log_shoppers": log1p(distinct(state.peers)),
    }


_CHURN_SUMS = (
    *("views_1d", "views_30d", "searches_7d", "cart_adds_1d", "cart_adds_30d", "purchases_7d", "purchases_30d"),
    *("returns_30d", "reviews_30d", "spent_30d", "cart_value_1d"),
)
_COUNTS = [f"{name}es" if name.endswith("h") else f"{name}s" for name in TYPES]


def _log_decayed(state: State, name: str) -> float:
    measure, _, scale = name.rpartition("_")
    return log1p(max(state.decayed[measure, scale], 0.0))


def _log_since(at_ms: int, ts: int, unit_ms: int) -> float:
    return log1p(max(ts - at_ms, 0) / unit_ms) if at_ms else 0.0


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0
