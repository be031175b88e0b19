"""Knots: the values of a feature at which a scorecard's function of it bends."""

from __future__ import annotations

from collections.abc import Mapping

Knots = Mapping[str, tuple[float, ...]]
"""By feature, at least two, ascending."""


def evenly(first: float, last: float, step: float) -> tuple[float, ...]:
    """
    >>> evenly(0.0, 0.6, 0.2)
    (0.0, 0.2, 0.4, 0.6)
    """
    return tuple(round(first + number * step, 9) for number in range(round((last - first) / step) + 1))


def geometrically(first: float, last: float, n: int) -> tuple[float, ...]:
    """0, then n knots from ``first`` to ``last``, each the same multiple of the one before.

    >>> geometrically(0.1, 10.0, 3)
    (0.0, 0.1, 1.0, 10.0)
    """
    return (0.0, *(round(first * (last / first) ** (number / (n - 1)), 9) for number in range(n)))
