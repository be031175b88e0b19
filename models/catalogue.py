"""The models there are. A challenger is one more entry, of the same kind as the champion it stands beside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from river import compose

from models.churn import churn_model
from models.features.churn import CHURN_FEATURES
from models.features.fraud import FRAUD_FEATURES
from models.features.sets import FeatureSet
from models.fraud import fraud_model
from schemas.alerts import Kind


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """What makes a model: its name in the tables, what it predicts, from which features, and how it starts out."""

    name: str
    kind: Kind
    features: FeatureSet
    factory: Callable[[], compose.Pipeline]


FRAUD = ModelSpec(name="fraud", kind="fraud", features=FRAUD_FEATURES, factory=fraud_model)
CHURN = ModelSpec(name="churn", kind="churn", features=CHURN_FEATURES, factory=churn_model)

MODELS = {spec.name: spec for spec in (FRAUD, CHURN)}
