"""What a feature's value says, in a few words. One table: a feature's name, and how its value is read."""

from __future__ import annotations

from dataclasses import dataclass
from math import expm1

from models.partition import INSTRUMENTS
from schemas.layout import SCALES_MS

_SCALES = {scale: f"{scale[:-1]} {scale[-1]}" for scale in SCALES_MS}
_SMALL = 0.05  # shown as 0
_EXACT = 10  # from here on without decimals


@dataclass(frozen=True)
class Phrase:
    """``{}`` in ``text`` stands for the value, read as ``unit``; ``|`` parts singular from plural.

    ``none`` is said of a value of 0, and of a flag that isn't set.
    """

    text: str
    unit: str = "number"
    none: str = ""


def _counted(one: str, many: str = "") -> Phrase:
    many = many or f"{one}s"
    return Phrase(f"{{}} {one}|{{}} {many}", none=f"no {many}")


def _over_scales(name: str, phrase: Phrase) -> dict[str, Phrase]:
    return {
        f"{name}_{scale}": Phrase(
            "|".join(f"{form} in {said}" for form in phrase.text.split("|")),
            phrase.unit,
            phrase.none and f"{phrase.none} in {said}",
        )
        for scale, said in _SCALES.items()
    }


def _instrument(kind: str) -> dict[str, Phrase]:
    called = "address" if kind == "ip" else kind
    phrases = {
        f"{kind}_is_new": Phrase(f"{called} never seen before", "flag", f"{called} known"),
        f"{kind}_log_age_d": Phrase(f"{called} first seen {{}} ago", "days", f"{called} first seen now"),
        f"{kind}_log_shoppers": Phrase(
            f"{called} used by {{}} shopper|{called} used by {{}} shoppers", none=f"{called} used by no other shopper"
        ),
    }
    for scale, said in _SCALES.items():
        phrases[f"{kind}_log_purchases_{scale}"] = Phrase(
            f"{{}} order in {said} by this {called}|{{}} orders in {said} by this {called}",
            none=f"no order in {said} by this {called}",
        )
    return phrases


PHRASES: dict[str, Phrase] = {
    "log_amount": Phrase("amount of {}"),
    "amount_to_mean": Phrase("{} times the shopper's mean order", none="no earlier order to compare with"),
    "amount_z": Phrase("{} standard deviations from the shopper's mean order", none="amount as usual"),
    "amount_to_max": Phrase("{} times the shopper's largest order", none="no earlier order to compare with"),
    "amount_to_cart": Phrase("{} times what the cart held", none="cart was empty"),
    "is_new": Phrase("new shopper", "flag", "known shopper"),
    "log_gap_h": Phrase("silent for {}", "hours", "active just before"),
    "log_tenure_d": Phrase("shopper for {}", "days", "shopper since now"),
    "log_since_purchase_d": Phrase("last order {} ago", "days", "no earlier order"),
    "has_purchased": Phrase("has ordered before", "flag", "has never ordered"),
    "log_total_purchases": _counted("order in all", "orders in all"),
    "log_total_events": _counted("event in all", "events in all"),
    "log_total_spent": Phrase("{} spent in all", none="nothing spent so far"),
    "log_mean_order": Phrase("mean order of {}", none="no earlier order"),
    "log_items": _counted("different item"),
    "log_sessions": _counted("session"),
    "night_share_30d": Phrase("{} of events at night", "share", "never active at night"),
    "trend_7d_30d": Phrase("{} of a month's activity was last week's", "share", "no activity last week"),
    "is_purchase": Phrase("just ordered", "flag", "no order with this event"),
    "is_return": Phrase("just returned an order", "flag", "no return with this event"),
    "is_night": Phrase("at night", "flag", "not at night"),
    "device_new": Phrase("new device", "flag", "no new device"),
    "device_changed": Phrase("changed device", "flag", "same device"),
    "devices_day": _counted("device in a day", "devices in a day"),
    "country_new": Phrase("new country", "flag", "no new country"),
    "country_changed": Phrase("changed country", "flag", "same country"),
    "countries_day": _counted("country in a day", "countries in a day"),
    **_over_scales("log_activity", _counted("event")),
    **_over_scales("log_views", _counted("view")),
    **_over_scales("log_searches", _counted("search", "searches")),
    **_over_scales("log_cart_adds", _counted("item added to the cart", "items added to the cart")),
    **_over_scales("log_purchases", _counted("order")),
    **_over_scales("log_returns", _counted("return")),
    **_over_scales("log_reviews", _counted("review")),
    **_over_scales("log_spent", Phrase("{} spent", none="nothing spent")),
    **_over_scales("log_cart_value", Phrase("{} put into the cart", none="nothing put into the cart")),
    **{name: phrase for kind in INSTRUMENTS for name, phrase in _instrument(kind).items()},
}


def said(feature: str, value: float) -> str:
    """A value of a feature, as the model sees it, in words; a feature without a phrase by its name.

    >>> said("log_purchases_1h", 1.386), said("log_gap_h", 5.666), said("device_new", 1.0)
    ('3 orders in 1 h', 'silent for 12 days', 'new device')
    >>> said("is_new", 0.0), said("amount_to_mean", 7.25), said("night_share_30d", 0.31)
    ('known shopper', "7.2 times the shopper's mean order", '31 % of events at night')
    """
    phrase = PHRASES.get(feature)
    if phrase is None:
        return f"{feature} = {value:.3g}"
    if phrase.unit == "flag":
        return phrase.text if value > 0 else phrase.none
    plain = expm1(value) if is_logged(feature) else value
    if phrase.none and abs(plain) < (_SMALL if phrase.unit == "number" else 1e-9):
        return phrase.none
    one, _, many = phrase.text.partition("|")
    shown = _UNITS[phrase.unit](plain)
    return (one if shown == "1" or not many else many).format(shown)


def is_logged(feature: str) -> bool:
    """Whether the feature is ``log(1 + x)`` of what its name says."""
    return "log_" in feature


def _number(value: float) -> str:
    shown = f"{value:.0f}" if abs(value) >= _EXACT else f"{value:.1f}".removesuffix(".0")
    return "0" if shown == "-0" else shown


def _hours(hours: float) -> str:
    if hours < 1:
        return f"{hours * 60:.0f} min"
    return f"{hours:.0f} h" if hours < 48 else f"{_number(hours / 24)} days"


def _days(days: float) -> str:
    return _hours(days * 24)


def _share(share: float) -> str:
    return f"{share * 100:.0f} %"


_UNITS = {"number": _number, "hours": _hours, "days": _days, "share": _share}
