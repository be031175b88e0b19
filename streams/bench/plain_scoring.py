"""What the plain worker does with one event: profiles, features, scores, and the rows that come of it."""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from math import nan
from typing import Any, NamedTuple

from models.catalogue import CHURN, FRAUD, MODELS
from models.scoring import NOT_SCORED, SCORED
from models.snapshots import Loaded
from schemas.events import Event
from schemas.hashing import hash_of
from schemas.layout import KINDS, OFFSETS
from streams.bench.plain_features import churn_features, fraud_features
from streams.bench.plain_profile import DAY_MS, PlainProfile

_CHECKOUT, _PURCHASE, _RETURN = 6, 7, 8
_PAYMENTS = (_CHECKOUT, _PURCHASE, _RETURN)
"""Of them alone are the profiles of devices, cards, addresses and merchants made."""
_FRAUD_DELAY_MS = 7 * DAY_MS
_FEATURE_SETS = {spec.name: spec.features for spec in (FRAUD, CHURN)}
_FEATURE_BYTES = {name: struct.Struct(f"<{len(features.names)}f") for name, features in _FEATURE_SETS.items()}

Row = tuple[Any, ...]
Features = dict[str, float]


class Rows(NamedTuple):
    """Of each table, with its columns in the order of ``schemas.tables.TABLES``."""

    events: list[Row]
    predictions: list[Row]
    profiles: list[Row]


class PlainScorer:
    """Holds all profiles. ``models`` are the snapshots by name."""

    def __init__(self, models: Mapping[str, Loaded], *, churn_horizon_ms: int) -> None:
        self._models = models
        self._churn_horizon_ms = churn_horizon_ms
        self._profiles: dict[tuple[str, int, str], PlainProfile] = {}
        self._dirty: dict[tuple[str, int, str], PlainProfile] = {}
        self._events: list[Row] = []
        self._predictions: list[Row] = []

    def __len__(self) -> int:
        """Events whose rows haven't been taken yet."""
        return len(self._events)

    def score(self, event: Event, *, topic: str, partition: int, offset: int) -> tuple[Features, Features]:
        """Scores the event on what was known before it, and takes it in.

        Returns the features of the churn model and, of a purchase, those of the fraud model.
        """
        kinds = KINDS if event.code in _PAYMENTS else ("user", "item")
        met = {kind: self._profile(kind, partition, id) for kind in kinds if (id := _id(event, kind))}
        for profile in met.values():
            profile.decay_to(event.ts)
        shopper = met["user"]
        device, country, session = hash_of(event.device), hash_of(event.country), hash_of(event.session)
        at = (topic, partition, offset)
        churn = churn_features(shopper, event)
        churn_score = self._probability(CHURN.name, churn)
        if event.ts // DAY_MS > shopper.last_ms // DAY_MS:
            self._predict(CHURN.name, event, at, event.ts + self._churn_horizon_ms, churn_score, churn)
        fraud: Features = {}
        fraud_score = nan
        if event.code == _PURCHASE:
            fraud = fraud_features(shopper, met, event, device=device, country=country)
            fraud_score = self._probability(FRAUD.name, fraud)
            self._predict(FRAUD.name, event, at, event.ts + _FRAUD_DELAY_MS, fraud_score, fraud)
        item_hash = met["item"].id_hash if "item" in met else 0
        is_abnormal = shopper.finds_abnormal(event)
        for kind, profile in met.items():
            peer = item_hash if kind == "user" else shopper.id_hash
            profile.add(event, peer=peer, session=session, device=device, country=country, is_abnormal=is_abnormal)
            profile.offsets[OFFSETS.index(topic)] = offset
        self._events.append(self._event_row(event, at, fraud_score, churn_score))
        return churn, fraud

    def take_rows(self) -> Rows:
        """All rows since the last call."""
        profiles = [
            (KINDS.index(kind), partition, id, int(profile.totals[0]), *profile.row())
            for (kind, partition, id), profile in self._dirty.items()
        ]
        rows = Rows(self._events, self._predictions, profiles)
        self._events, self._predictions, self._dirty = [], [], {}
        return rows

    def _profile(self, kind: str, partition: int, id: str) -> PlainProfile:
        key = (kind, partition, id)
        profile = self._profiles.get(key)
        if profile is None:
            profile = self._profiles[key] = PlainProfile(id)
        self._dirty[key] = profile
        return profile

    def _probability(self, model: str, features: dict[str, float]) -> float:
        return float(self._models[model].pipeline.predict_proba_one(features)[True])

    def _predict(
        self,
        model: str,
        event: Event,
        at: tuple[str, int, int],
        due_ms: int,
        score: float,
        features: Features,
    ) -> None:
        names, layout = _FEATURE_SETS[model], _FEATURE_BYTES[model]
        self._predictions.append(
            (
                MODELS[model].kind,
                model,
                event.event_id,
                event.user_id,
                *at,
                event.ts,
                due_ms,
                event.amount,
                SCORED,
                score,
                self._models[model].snapshot.version,
                names.fingerprint,
                layout.pack(*(features[name] for name in names.names)),
                _now_ms(),
            )
        )

    def _event_row(self, event: Event, at: tuple[str, int, int], fraud_score: float, churn_score: float) -> Row:
        return (
            *at,
            event.event_id,
            event.user_id,
            event.code,
            datetime.fromtimestamp(event.ts / 1000, UTC),
            event.item,
            event.category,
            event.brand,
            event.price,
            event.quantity,
            event.currency,
            event.query,
            event.session,
            event.order_id,
            event.amount,
            event.method,
            event.card,
            event.ip,
            event.device,
            event.country,
            event.merchant,
            event.rating,
            event.text,
            SCORED if event.code == _PURCHASE else NOT_SCORED,
            fraud_score,
            self._models[FRAUD.name].snapshot.version,
            SCORED,
            churn_score,
            self._models[CHURN.name].snapshot.version,
            _now_ms(),
        )


def _id(event: Event, kind: str) -> str:
    id: str = getattr(event, "user_id" if kind == "user" else kind)
    return id


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
