"""The models there are. A challenger is one more entry, of the same kind and features as the champion it stands beside,
and one more of the pipelines in ``pipelines``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from models.features.churn import CHURN_FEATURES
from models.features.fraud import FRAUD_FEATURES
from models.features.sets import FeatureSet
from schemas.alerts import Kind


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """What a model is to those that use it: its name in the tables, what it predicts, and from which features."""

    name: str
    kind: Kind
    features: FeatureSet


FRAUD = ModelSpec(name="fraud", kind="fraud", features=FRAUD_FEATURES)
FRAUD_LINEAR = ModelSpec(name="fraud-linear", kind="fraud", features=FRAUD_FEATURES)
CHURN = ModelSpec(name="churn", kind="churn", features=CHURN_FEATURES)
CHURN_LINEAR = ModelSpec(name="churn-linear", kind="churn", features=CHURN_FEATURES)
CHURN_LONG = ModelSpec(name="churn-long", kind="churn_long", features=CHURN_FEATURES)

MODELS = {spec.name: spec for spec in (FRAUD, FRAUD_LINEAR, CHURN, CHURN_LINEAR, CHURN_LONG)}
"""By name. The first of a kind is its champion until another is promoted; the others take part once they are told to
challenge it."""

KINDS: tuple[Kind, ...] = get_args(Kind)


def of_kind(kind: Kind) -> list[ModelSpec]:
    """The models of a kind, the champion to begin with first."""
    return [spec for spec in MODELS.values() if spec.kind == kind]
