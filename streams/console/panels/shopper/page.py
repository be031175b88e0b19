"""All that the console shows of a shopper."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.events import Id
from streams.clickhouse.reader import Reader
from streams.console.panels.alerts import newest
from streams.console.panels.panel import Panel
from streams.console.panels.shopper.belongs import Belongs, belongs
from streams.console.panels.shopper.churn import Churn, churn
from streams.console.panels.shopper.history import Event, Scores, churn_scores, events, fraud_scores
from streams.console.panels.shopper.profile import Profile, profile
from streams.desk.listing import Selection
from streams.settings import Settings

ALERTS = 20


class Whom(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    user_id: Id


class Shopper(msgspec.Struct, frozen=True, kw_only=True):
    user_id: str
    profile: Profile | None
    """None where nothing is known of the shopper."""
    churn: Churn | None
    churn_scores: Scores
    fraud_scores: Scores
    segments: list[Belongs]
    alerts: list[dict[str, Any]]
    """The newest ones, as the panel of alerts has them."""
    events: list[Event]


def shopper(reader: Reader, settings: Settings, whom: Whom) -> Shopper:
    user_id = whom.user_id
    return Shopper(
        user_id=user_id,
        profile=profile(reader, user_id),
        churn=churn(reader, user_id),
        churn_scores=churn_scores(reader, user_id),
        fraud_scores=fraud_scores(reader, user_id),
        segments=belongs(reader, settings, user_id),
        alerts=newest(reader, settings, Selection(states=(), user=user_id), ALERTS).alerts,
        events=events(reader, user_id),
    )


PANEL = Panel(shopper, params=Whom)
