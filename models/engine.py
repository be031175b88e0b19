"""The scoring core: a batch of events in, the same events scored out. It has no clock and no connection, so that
workers, rebuilds and back-tests run the very same code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.features.churn import churn_features
from models.features.fraud import fraud_features
from models.partition import INSTRUMENTS, PartitionProfiles, Views
from models.profiles.kernel import View
from models.profiles.state import LAST_MS
from models.risk import RiskBook
from models.scoring import NOT_SCORED, Scorer, Scores, ranked
from schemas.alerts import Kind
from schemas.batch import EventBatch
from schemas.events import EVENT_TYPES

_DAY_MS = 86_400_000


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """The scores of a kind that will get a label, of m of a batch's events."""

    kind: Kind
    scores: Mapping[str, Scores]  # by model, the champion first, of m rows each
    rows: npt.NDArray[np.int64]  # (m,) rows of the batch
    features: npt.NDArray[np.float32]  # (m, features), the same for all models
    due_ms: npt.NDArray[np.int64]  # (m,) event time at which the label is due


@dataclass(frozen=True, kw_only=True)
class ScoredBatch:
    """n events with their scores. Events that the profiles held already aren't among them: their rows are durable. Nor
    are scored reviews: they only enter the profiles."""

    events: EventBatch
    scores: Mapping[Kind, Scores]  # of fraud's and churn's champion, of n rows each
    predictions: tuple[Predictions, ...]


class Engine:
    """Scores batches; holds nothing of them.

    Parameters
    ----------
    churn_horizon_ms
        Silence in event time that counts as churn.
    further_horizons_ms
        Of further kinds of churn, by kind: they are predicted beside it, of the same events, where there are models.
    fraud_delay_ms
        Event time after a purchase by which its label is expected.
    risks
        What is known of frauds by the labels that have arrived. None known without.
    """

    def __init__(
        self,
        *,
        churn_horizon_ms: int,
        further_horizons_ms: Mapping[Kind, int] | None = None,
        fraud_delay_ms: int = 7 * _DAY_MS,
        risks: RiskBook | None = None,
    ) -> None:
        self.churn_horizon_ms = churn_horizon_ms
        self.further_horizons_ms = further_horizons_ms or {}
        self.fraud_delay_ms = fraud_delay_ms
        self.risks = RiskBook() if risks is None else risks

    def score(
        self, events: EventBatch, profiles: PartitionProfiles, scorers: Mapping[str, Scorer], *, tick: int
    ) -> ScoredBatch:
        """Adds the events to the profiles, which must be in memory, and scores each on what was known before it.

        Of ``scorers``, by name, the first of a kind is its champion. The others score what will get a label, on the
        same features: 5 µs of CPU a batch and at most 1 µs a row for each.
        """
        views = profiles.observe(events, tick=tick)
        to_score = views.shopper.applied & (events.type != EVENT_TYPES["review_scored"])
        if not to_score.all():
            kept = np.flatnonzero(to_score)
            views = Views(views.shopper.take(kept), _of_kept(views, kept, len(events)))
            events = events.take(kept)
        churn, churn_predictions = self._churn(events, views, ranked(scorers, "churn"))
        fraud, fraud_predictions = self._fraud(events, views, ranked(scorers, "fraud"))
        return ScoredBatch(
            events=events,
            scores={"fraud": fraud, "churn": churn},
            predictions=(fraud_predictions, churn_predictions, *self._further(events, churn_predictions, scorers)),
        )

    def _churn(self, events: EventBatch, views: Views, scorers: Sequence[Scorer]) -> tuple[Scores, Predictions]:
        """Every event is scored; a shopper's first event of a day (UTC) gets a label."""
        features = churn_features(views.shopper, events)
        last_day = views.shopper.extremes_ms[:, LAST_MS] // _DAY_MS
        rows = np.flatnonzero(events.ts // _DAY_MS > last_day)
        due_ms = events.ts[rows] + self.churn_horizon_ms
        champion, *challengers = scorers
        scored, predicted = champion.score(features), features[rows]
        scores = {champion.spec.name: scored.take(rows)}
        scores |= {scorer.spec.name: scorer.score(predicted) for scorer in challengers}
        return scored, Predictions(kind="churn", scores=scores, rows=rows, features=predicted, due_ms=due_ms)

    def _further(self, events: EventBatch, churn: Predictions, scorers: Mapping[str, Scorer]) -> Iterator[Predictions]:
        """What was predicted of churn, over further horizons."""
        for kind, horizon_ms in self.further_horizons_ms.items():
            scores = {scorer.spec.name: scorer.score(churn.features) for scorer in ranked(scorers, kind)}
            if scores:
                yield replace(churn, kind=kind, scores=scores, due_ms=events.ts[churn.rows] + horizon_ms)

    def _fraud(self, events: EventBatch, views: Views, scorers: Sequence[Scorer]) -> tuple[Scores, Predictions]:
        """Purchases are scored, and each gets a label."""
        n = len(events)
        rows = np.flatnonzero(events.type == EVENT_TYPES["purchase"])
        purchases = events.take(rows)
        instruments = {kind: views.of_rows(kind, rows, n) for kind in INSTRUMENTS}
        risks = {kind: self.risks.look_up(kind, getattr(purchases, kind), purchases.ts) for kind in INSTRUMENTS}
        features = fraud_features(views.shopper.take(rows), instruments, risks, purchases)
        scores = {scorer.spec.name: scorer.score(features) for scorer in scorers}
        scored = scores[scorers[0].spec.name]
        state = np.full(n, NOT_SCORED, dtype=np.uint8)
        probability = np.full(n, np.nan, dtype=np.float32)
        state[rows], probability[rows] = scored.state, scored.probability
        due_ms = purchases.ts + self.fraud_delay_ms
        of_events = Scores(state=state, probability=probability, version=scored.version)
        return of_events, Predictions(kind="fraud", scores=scores, rows=rows, features=features, due_ms=due_ms)


def _of_kept(views: Views, kept: npt.NDArray[np.int64], n: int) -> dict[str, tuple[npt.NDArray[np.int64], View]]:
    return {kind: (np.arange(len(kept)), views.of_rows(kind, kept, n)) for kind in views.instruments}
