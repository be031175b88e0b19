"""How good each model's scores were, by day, and which versions there are."""

from __future__ import annotations

from datetime import date

import msgspec

from models.catalogue import KINDS, of_kind
from schemas.alerts import Kind
from streams.clickhouse.reader import Reader
from streams.console.panels.panel import NoParams, Panel
from streams.decisions import lineups
from streams.settings import Settings

DAYS = 60
"""With metrics, the latest ones of each model."""
VERSIONS = 5

_METRICS = """
SELECT model, day, version, n, positives, roc_auc, average_precision, brier, calibration_ratio, precision_at_budget
FROM model_metrics FINAL ORDER BY model, day DESC LIMIT %(days)s BY model LIMIT %(limit)s
"""

_VERSIONS = """
SELECT name, version, max(created_ms) AS made_ms, any(examples), any(positives)
FROM models GROUP BY name, version ORDER BY name, version DESC LIMIT %(versions)s BY name LIMIT %(limit)s
"""


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """Of event time; of the scores of that day that have got their label."""

    day: date
    version: str
    """Of the model as it learnt these labels."""
    n: int
    positives: int
    roc_auc: float
    average_precision: float
    brier: float
    calibration_ratio: float
    precision_at_budget: float


class Version(msgspec.Struct, frozen=True, kw_only=True):
    version: str
    created_ms: int
    """By the clock."""
    examples: int
    positives: int


class Model(msgspec.Struct, frozen=True, kw_only=True):
    kind: Kind
    model: str
    role: str
    """``champion``, ``challenger``, or ``idle``: it neither learns nor scores."""
    pinned: str
    """The version that workers stay at, empty for the latest."""
    versions: list[Version]
    """The latest first."""
    days: list[Day]
    """The earliest first."""


class Models(msgspec.Struct, frozen=True, kw_only=True):
    models: list[Model]


def models(reader: Reader, _: Settings, __: NoParams) -> Models:
    days: dict[str, list[Day]] = {}
    for model, *row in reader.query(_METRICS, {"days": DAYS, "limit": 20 * DAYS}):
        days.setdefault(model, []).insert(0, Day(**dict(zip(Day.__struct_fields__, row, strict=True))))
    versions: dict[str, list[Version]] = {}
    for name, *row in reader.query(_VERSIONS, {"versions": VERSIONS, "limit": 20 * VERSIONS}):
        versions.setdefault(name, []).append(Version(**dict(zip(Version.__struct_fields__, row, strict=True))))
    found = lineups(reader)
    return Models(
        models=[
            Model(
                kind=kind,
                model=name,
                role=found[kind].role(name),
                pinned=found[kind].pins.get(name, ""),
                versions=versions.get(name, []),
                days=days.get(name, []),
            )
            for kind in KINDS
            for name in dict.fromkeys([*found[kind].active, *(spec.name for spec in of_kind(kind))])
        ]
    )


PANEL = Panel(models, fresh_s=5.0)
