"""What a feature's value says, in a few words. One table: a feature's name, and how its value is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, expm1

import numpy as np
import numpy.typing as npt

from schemas.layout import SCALES_MS
from schemas.texts import Texts

_SCALES = {scale: f"{scale[:-1]} {scale[-1]}" for scale in SCALES_MS}
_SMALL = 0.05  # shown as 0
_EXACT = 10  # from here on without decimals
_STEPS = 256  # texts are of values rounded to so many steps a unit: 0.2 % of a logarithm's number
_LARGEST_STEP = 1 << 15  # beyond it, values are said to be no more


@dataclass(frozen=True)
class Phrase:
    """``{}`` in ``text`` stands for the value, read as ``unit``; ``|`` parts singular from plural.

    ``none`` is said of a value of 0, and of a flag that isn't set. "times" and "log share" are units of logarithms.
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


def _means(kind: str) -> dict[str, Phrase]:
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
    return phrases | _suspicions(kind, called)


def _suspicions(kind: str, called: str) -> dict[str, Phrase]:
    where = f"at this {called}" if kind == "merchant" else f"by this {called}"
    phrases = {}
    for scale, said in _SCALES.items():
        phrases[f"{kind}_log_abnormal_{scale}"] = Phrase(
            f"{{}} abnormal order in {said} {where}|{{}} abnormal orders in {said} {where}",
            none=f"no abnormal order in {said} {where}",
        )
        phrases[f"{kind}_log_frauds_{scale}"] = Phrase(
            f"{{}} known fraud in {said} {where}|{{}} known frauds in {said} {where}",
            none=f"no known fraud in {said} {where}",
        )
        phrases[f"{kind}_risk_{scale}"] = Phrase(
            f"{{}} of orders in {said} {where} were frauds", "share", f"no order in {said} {where} was a fraud"
        )
    return phrases


PHRASES: dict[str, Phrase] = {
    "log_amount": Phrase("amount of {}"),
    "amount_to_mean": Phrase(
        "{} times the shopper's mean order", "times", "amount of the mean order, or of a first one"
    ),
    "amount_z": Phrase("{} standard deviations from the shopper's mean order", none="amount as usual"),
    "amount_to_max": Phrase("{} times the shopper's largest order", "times", "as large as any order, or the first one"),
    "amount_to_cart": Phrase("{} times what the cart held", none="cart was empty"),
    "device_new": Phrase("new device", "flag", "no new device"),
    "device_changed": Phrase("changed device", "flag", "same device"),
    "devices_day": _counted("device in a day", "devices in a day"),
    "country_new": Phrase("new country", "flag", "no new country"),
    "country_changed": Phrase("changed country", "flag", "same country"),
    "countries_day": _counted("country in a day", "countries in a day"),
    **_over_scales("log_abnormal", _counted("abnormal order")),
    **{name: phrase for kind in ("device", "card", "ip") for name, phrase in _means(kind).items()},
    **_suspicions("merchant", "merchant"),
    "log_recency_d": Phrase("silent for {}", "days", "active just before"),
    "log_tenure_d": Phrase("shopper for {}", "days", "shopper since now"),
    "log_gap_d": Phrase("comes every {}", "days", "came on one day only"),
    "recency_to_gap": Phrase("silent for {} times the usual pause", "times", "silent for the usual pause"),
    "is_one_day": Phrase("came on one day only", "flag", "came on several days"),
    "active_share": Phrase("active on {} of days", "log share"),
    "pause_share": Phrase("{} of the usual pauses last this long", "share", "no usual pause lasts this long"),
    "satisfaction": Phrase("recent reviews {} happy", "share", "no happy review of late"),
    "dissatisfaction": Phrase("recent reviews {} unhappy", "share", "no unhappy review of late"),
    "log_total_cart_adds": _counted("item added to the cart in all", "items added to the cart in all"),
    "log_total_purchases": _counted("order in all", "orders in all"),
    "log_total_spent": Phrase("{} spent in all", none="nothing spent so far"),
    "log_mean_order": Phrase("mean order of {}", none="no earlier order"),
    "log_items": _counted("different item"),
    **_over_scales("log_cart_adds", _counted("item added to the cart", "items added to the cart")),
    **_over_scales("log_purchases", _counted("order")),
    **_over_scales("log_returns", _counted("return")),
    **_over_scales("log_spent", Phrase("{} spent", none="nothing spent")),
}


def said(feature: str, value: float) -> str:
    """A value of a feature, as the model sees it, in words; a feature without a phrase by its name.

    >>> said("card_log_purchases_1h", 1.386), said("log_recency_d", 2.565), said("device_new", 1.0)
    ('3 orders in 1 h by this card', 'silent for 12 days', 'new device')
    >>> said("is_one_day", 0.0), said("amount_to_mean", 1.98), said("card_risk_7d", 0.3)
    ('came on several days', "7.2 times the shopper's mean order", '30 % of orders in 7 d by this card were frauds')
    """
    phrase = PHRASES.get(feature)
    if phrase is None:
        return f"{feature} = {value:.3g}"
    if phrase.unit == "flag":
        return phrase.text if value > 0 else phrase.none
    plain = expm1(value) if is_logged(feature) else value
    if phrase.none and abs(plain) < (_SMALL if phrase.unit in ("number", "times") else 1e-9):
        return phrase.none
    one, _, many = phrase.text.partition("|")
    shown = _UNITS[phrase.unit](plain)
    return (one if shown == "1" or not many else many).format(shown)


def said_of(features: Sequence[str], place: npt.NDArray[np.int16], value: npt.NDArray[np.float32]) -> Texts:
    """:func:`said` of n values, each of the feature at its place of ``features``; empty at places below 0.

    Values that differ by less than 1/256 may be said in the same words, so that there are few to be found: 0.1 µs a
    value, as most were said before.
    """
    finite = np.nan_to_num(value.astype(np.float64) * _STEPS)
    step = np.clip(np.rint(finite), -_LARGEST_STEP, _LARGEST_STEP).astype(np.int64)
    code = np.where(place >= 0, place.astype(np.int64) * (2 * _LARGEST_STEP + 1) + step + _LARGEST_STEP, -1)
    different, at = np.unique(code, return_inverse=True)
    steps = [divmod(one, 2 * _LARGEST_STEP + 1) for one in different.tolist()]
    return Texts.of([_said_at(features[of], at_step - _LARGEST_STEP) if of >= 0 else "" for of, at_step in steps]).take(
        at
    )


@cache  # of as many entries as features have values apart: some thousands each
def _said_at(feature: str, step: int) -> str:
    return said(feature, step / _STEPS)


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


def _times(log_ratio: float) -> str:
    return _number(exp(log_ratio))


def _log_share(log_share: float) -> str:
    return _share(exp(log_share))


_UNITS = {"number": _number, "days": _days, "share": _share, "times": _times, "log share": _log_share}
