"""What the watch for drift finds of a day, and how it is told."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Literal, NamedTuple

from schemas.alerts import SystemAlert, SystemKind, system_alert_id

DAY_MS = 86_400_000
REFERENCE_DAYS = 28
"""That a day is held against. Four weeks have all days of the week alike."""

What = Literal["score", "feature", "loss"]

_KINDS: dict[What, SystemKind] = {"score": "drift.score", "feature": "drift.feature", "loss": "drift.loss"}


class Found(NamedTuple):
    """A row of ``model_drift``."""

    day: date
    what: What
    feature: str
    value: float
    threshold: float
    drifted: bool
    n: int
    reference: int


def alert_of(model: str, found: Found, *, raised_ms: int) -> SystemAlert:
    kind, day = _KINDS[found.what], found.day.isoformat()
    return SystemAlert(
        alert_id=system_alert_id(kind, model, found.feature, day),
        kind=kind,
        model=model,
        subject=found.feature,
        day=day,
        value=found.value,
        threshold=found.threshold,
        text=_text(model, found),
        raised_ms=raised_ms,
    )


def _text(model: str, found: Found) -> str:
    if found.what == "loss":
        values = f"from {found.threshold:.3f} to {found.value:.3f}"
        return f"The log loss of {model} has risen {values}, by the labels of {found.day}."
    who = f"The feature {found.feature} of {model} differs" if found.feature else f"The scores of {model} differ"
    return (
        f"{who} on {found.day} from the {REFERENCE_DAYS} days before:"
        f" population stability index {found.value:.2f}, taken for drift from {found.threshold:.2f}."
    )


def day_of(ms: int) -> date:
    """UTC."""
    return datetime.fromtimestamp(ms // 1000, UTC).date()


def ms_of(day: date) -> int:
    """Its midnight, UTC."""
    return (day - date(1970, 1, 1)).days * DAY_MS


def one_of(n: int, most: int) -> int:
    """One of how many rows to take, so that of ``n`` about ``most`` are left at most."""
    return max(1, -(-n // most))
