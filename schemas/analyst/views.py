"""The analysts' views that follow from the files: names and SELECTs."""

from __future__ import annotations

import re
from importlib.resources import files
from string import Template
from typing import Final

from schemas.access import ANALYST_VIEWS
from schemas.segments.shoppers import CLOCK

_TODAY: Final = f"toDate(fromUnixTimestamp64Milli(toInt64(assumeNotNull((SELECT now_ms FROM {CLOCK}))), 'UTC'))"  # noqa: S608
"""Of event time."""

_MOST_ROWS: Final = 1_000_000_000
"""More than there are: what matters is that there is a LIMIT."""

_CALL: Final = re.compile(r"\$two_digits\(((?:[^()]|\([^()]*\))*)\)")


def analyst_views(least: int) -> dict[str, str]:
    """By name, with no group of fewer than ``least`` shoppers. Each reads tables, or the view of the clock.

    In a file stand ``$least``, ``$today`` for the day that isn't over, and ``$two_digits(x)`` for x to two digits.
    """
    found = sorted((file for file in files(__package__).iterdir() if file.name.endswith(".sql")), key=lambda f: f.name)
    return {
        ANALYST_VIEWS + file.name.removesuffix(".sql"): _select(file.read_text(encoding="utf-8"), least)
        for file in found
    }


def _select(text: str, least: int) -> str:
    sql = Template(_CALL.sub(_two_digits, text)).substitute(least=least, today=_TODAY)
    return f"{sql.strip()}\nLIMIT {_MOST_ROWS}"


def _two_digits(call: re.Match[str]) -> str:
    value = f"toFloat64({call[1]})"
    return f"if({value} = 0 OR NOT isFinite({value}), {value}, round({value}, 1 - toInt8(floor(log10(abs({value}))))))"
