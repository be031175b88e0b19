"""Models that have learnt something, without the time it takes to learn it."""

from __future__ import annotations

import numpy as np

from models.catalogue import MODELS, ModelSpec
from models.examples import Examples
from models.learning import Learner
from models.scoring import Scorer
from models.snapshots import Loaded, Snapshot, flattened, sign

KEY = "a key of the tests"
N_EXAMPLES = 200


def learnt(spec: ModelSpec, parent: Loaded | None = None, *, n: int = N_EXAMPLES) -> Snapshot:
    """A snapshot, not signed, that has learnt from ``n`` examples drawn at random."""
    random = np.random.default_rng(1)
    features = random.normal(size=(n, len(spec.features.names))).astype(np.float32)
    learner = Learner(spec, parent)
    learner.learn(
        Examples(
            user_id=[f"user {number}" for number in range(n)],
            event_id=[f"event {number}" for number in range(n)],
            due_ms=np.arange(n, dtype=np.int64),
            label=features.sum(axis=1) > 0,
            score=np.full(n, np.nan, dtype=np.float32),
            features=features,
        )
    )
    return learner.snapshot(created_ms=1, considered_ms={})


def trained(spec: ModelSpec) -> Scorer:
    return Scorer(spec, flattened(sign(learnt(spec), KEY), KEY, spec.features), warm_up_examples=N_EXAMPLES)


WARM = {name: trained(spec) for name, spec in MODELS.items()}
