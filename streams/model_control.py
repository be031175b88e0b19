"""What an operator sees of the models, and decides about them: what ``footfall models`` does.

A decision is a row that workers and the learner poll. It is refused here where they couldn't follow it, so that no
promotion leaves purchases without a score.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from models.catalogue import KINDS, MODELS, ModelSpec, of_kind
from models.lineup import Action, Decision, Lineup, lineup
from models.scoring import Scorer
from models.snapshots import Flattened, Snapshot, from_row
from schemas.alerts import Kind
from schemas.tables import TABLES
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.decisions import decisions, lineups, write_decision
from streams.errors import Invalid
from streams.settings import Settings
from streams.snapshot_store import SnapshotStore

_DAYS_SHOWN = 14

_FIGURES = tuple(column for column in TABLES["models"] if column not in ("flat", "snapshot"))


_DRIFT = """
WITH latest AS (
    SELECT model, what, feature, max(day) AS at, argMax((value, threshold, drifted, n, reference), day) AS found
    FROM model_drift FINAL WHERE model = %(name)s OR %(name)s = '' GROUP BY model, what, feature
),
told AS (SELECT model, kind, subject, max(day) AS last_told FROM system_alerts GROUP BY model, kind, subject)
SELECT latest.model, what, feature, at, found.1, found.2, found.3 = 1, found.4, found.5, last_told
FROM latest LEFT JOIN told ON told.model = latest.model AND kind = concat('drift.', what) AND subject = feature
ORDER BY found.3 DESC, if(isFinite(found.1 / found.2), found.1 / found.2, 0) DESC, model, what, feature
"""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A model and how it stands, with the figures of its latest snapshot."""

    kind: Kind
    model: str
    role: str
    """``champion``, ``challenger``, or ``idle``: it neither learns nor scores."""
    pinned: str
    """The version that workers stay at, empty for the latest."""
    version: str
    created_ms: int
    examples: int
    positives: int
    scored: int
    """Scores that have got their label, which the figures that follow are of."""
    roc_auc: float | None
    average_precision: float | None
    log_loss: float | None
    brier: float | None


@dataclass(frozen=True, kw_only=True)
class Day:
    """A row of the ``model_metrics`` table."""

    day: date
    n: int
    positives: int
    roc_auc: float
    average_precision: float
    log_loss: float
    brier: float
    mean_score: float
    calibration_error: float
    calibration_ratio: float
    precision_at_budget: float
    budget: int
    mean_label_delay_ms: float


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One snapshot of a model, and what happened to the model."""

    standing: Standing
    parent: str
    river_version: str
    feature_set: str
    n_features: int
    learnt_until_ms: int
    size: int
    is_whole: bool
    """Whether it can still be scored with and pinned; old ones keep only their figures."""
    days: list[Day]
    """The latest first."""
    decisions: list[Decision]
    """About the model, the latest first."""


@dataclass(frozen=True, kw_only=True)
class Drifting:
    """A row of the ``model_drift`` table: the latest about something."""

    model: str
    what: str
    feature: str
    day: date
    value: float
    threshold: float
    drifted: bool
    n: int
    reference: int
    last_told: str
    """Day of the last alert about it, empty if there was none."""


class ModelControl:
    """For one thread, which every call blocks; :meth:`close` it. Raises ``Invalid`` for what can't be decided, and as
    ``Reader`` does.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reader = Reader(settings)
        self._writer = Writer(settings)

    def close(self) -> None:
        self._reader.close()
        self._writer.close()

    def standings(self) -> list[Standing]:
        """All models of the catalogue, by kind, those that take part first."""
        found = lineups(self._reader)
        standings = []
        for kind in KINDS:
            names = [*found[kind].active, *(spec.name for spec in of_kind(kind))]
            standings += [_standing(name, found[kind], self._figures(name)) for name in dict.fromkeys(names)]
        return standings

    def show(self, name: str, version: str = "") -> Shown:
        """A snapshot of a model, by default its latest."""
        spec = _spec(name)
        figures = self._figures(name, version)
        if figures is None:
            raise Invalid(f"{name} has no snapshot {version}" if version else f"{name} has no snapshot yet")
        made = decisions(self._reader)
        return Shown(
            standing=_standing(name, lineup(spec.kind, made), figures),
            parent=figures.parent,
            river_version=figures.river_version,
            feature_set=figures.feature_set,
            n_features=len(figures.features),
            learnt_until_ms=figures.learnt_until_ms,
            size=figures.size,
            is_whole=self._is_whole(figures),
            days=self._days(spec),
            decisions=[decision for decision in reversed(made) if decision.model == name],
        )

    def drift(self, name: str = "") -> list[Drifting]:
        """How far scores, features and losses are from what they were, of a model or of all: the farthest first."""
        if name:
            _spec(name)
        names = [field.name for field in fields(Drifting)]
        rows = self._reader.query(_DRIFT, {"name": name})
        return [Drifting(**dict(zip(names, row, strict=True))) for row in rows]

    def promote(self, name: str, *, who: str, why: str) -> Decision:
        """The model is the champion of its kind from now on; the champion until now challenges it."""
        spec = _spec(name)
        standing = lineups(self._reader)[spec.kind]
        if name == standing.champion:
            raise Invalid(f"{name} is the champion of {spec.kind} already")
        self._check_scores(spec, standing.pins.get(name, ""))
        return self._decide(spec.kind, "promote", name, who=who, why=why)

    def rollback(self, kind: Kind, *, who: str, why: str) -> Decision:
        """The champion before is champion again."""
        standing = lineups(self._reader)[kind]
        if len(standing.champions) == 1:
            raise Invalid(f"there was no champion of {kind} before {standing.champion}")
        name = standing.champions[-2]
        self._check_scores(_spec(name), standing.pins.get(name, ""))
        return self._decide(kind, "rollback", name, who=who, why=why)

    def pin(self, name: str, version: str, *, who: str, why: str) -> Decision:
        """Workers score with this version of the model, while the learner goes on."""
        spec = _spec(name)
        self._check_scores(spec, version)
        return self._decide(spec.kind, "pin", name, version=version, who=who, why=why)

    def unpin(self, name: str, *, who: str, why: str) -> Decision:
        """Workers score with the latest version of the model again."""
        spec = _spec(name)
        if name not in lineups(self._reader)[spec.kind].pins:
            raise Invalid(f"{name} isn't pinned")
        return self._decide(spec.kind, "unpin", name, who=who, why=why)

    def challenge(self, name: str, *, who: str, why: str) -> Decision:
        """The model learns and scores beside the champion, and decides nothing."""
        spec = _spec(name)
        standing = lineups(self._reader)[spec.kind]
        if name in standing.active:
            role = "the champion" if name == standing.champion else "a challenger"
            raise Invalid(f"{name} is {role} of {spec.kind} already")
        return self._decide(spec.kind, "challenge", name, who=who, why=why)

    def retire(self, name: str, *, who: str, why: str) -> Decision:
        """The challenger neither learns nor scores any more. Its snapshots stay."""
        spec = _spec(name)
        standing = lineups(self._reader)[spec.kind]
        if name == standing.champion:
            raise Invalid(f"{name} is the champion of {spec.kind}: promote another or roll back before it can retire")
        if name not in standing.active:
            raise Invalid(f"{name} doesn't take part: there is nothing to retire from")
        return self._decide(spec.kind, "retire", name, who=who, why=why)

    def _decide(self, kind: Kind, action: Action, model: str, *, who: str, why: str, version: str = "") -> Decision:
        # After what was decided before, whatever clock that was by.
        latest_ms = max((made.decided_ms for made in decisions(self._reader)), default=0)
        decided_ms = max(time.time_ns() // 1_000_000, latest_ms + 1)
        decision = Decision(
            kind=kind, decided_ms=decided_ms, action=action, model=model, version=version, who=who, why=why
        )
        write_decision(self._writer, decision)
        return decision

    def _check_scores(self, spec: ModelSpec, version: str) -> None:
        """Raises ``Invalid`` where workers couldn't score with a version, by default the latest; ``SnapshotUnusable``
        where they would refuse it."""
        store = SnapshotStore(self._settings, self._reader, self._writer)
        found: Flattened | None = store.at(spec, version) if version else store.latest(spec)
        if found is None and version:
            raise Invalid(f"{spec.name} has no snapshot {version}")
        if found is None:
            raise Invalid(f"{spec.name} has no snapshot yet: `footfall models challenge {spec.name}` has it learn")
        least = self._settings.warm_up_examples
        if not Scorer(spec, found, warm_up_examples=least).is_warm:
            learnt, positives = found.snapshot.examples, found.snapshot.positives
            raise Invalid(
                f"{found.snapshot.version} can't score yet: it has learnt {learnt} examples, {positives} of them"
                f" positive, and needs {least}, with both classes among them"
            )

    def _figures(self, name: str, version: str = "") -> Snapshot | None:
        """A snapshot without the model, by default the latest; not verified."""
        found = self._reader.columns(
            f"SELECT {', '.join(_FIGURES)}, '' AS flat FROM models"  # noqa: S608 - our own names
            " WHERE name = %(name)s AND (version = %(version)s OR %(version)s = '')"
            " ORDER BY version DESC, created_ms DESC LIMIT 1",
            {"name": name, "version": version},
            raw=("flat",),
        )
        return from_row({column: values[0] for column, values in found.items()}) if found.get("version") else None

    def _is_whole(self, figures: Snapshot) -> bool:
        about = {"name": figures.name, "version": figures.version}
        sql = "SELECT flat != '' FROM models FINAL WHERE name = %(name)s AND version = %(version)s"
        return bool(self._reader.query(sql, about)[0][0])

    def _days(self, spec: ModelSpec) -> list[Day]:
        names = [field.name for field in fields(Day)]
        rows = self._reader.query(
            f"SELECT {', '.join(names)} FROM model_metrics FINAL"  # noqa: S608 - our own names
            " WHERE kind = %(kind)s AND model = %(model)s ORDER BY day DESC LIMIT %(limit)s",
            {"kind": spec.kind, "model": spec.name, "limit": _DAYS_SHOWN},
        )
        return [Day(**dict(zip(names, row, strict=True))) for row in rows]


def _spec(name: str) -> ModelSpec:
    if name not in MODELS:
        raise Invalid(f"there is no model {name!r}; there are {', '.join(MODELS)}")
    return MODELS[name]


def _standing(name: str, standing: Lineup, latest: Snapshot | None) -> Standing:
    metrics: dict[str, Any] = dict(latest.metrics) if latest else {}
    return Standing(
        kind=MODELS[name].kind,
        model=name,
        role=standing.role(name),
        pinned=standing.pins.get(name, ""),
        version=latest.version if latest else "",
        created_ms=latest.created_ms if latest else 0,
        examples=latest.examples if latest else 0,
        positives=latest.positives if latest else 0,
        scored=metrics.get("scored", 0),
        **{name: metrics.get(name) for name in ("roc_auc", "average_precision", "log_loss", "brier")},
    )
