"""Models that have learnt something, without the time it takes to learn it."""

from __future__ import annotations

import numpy as np

from models.catalogue import MODELS, ModelSpec
from models.examples import Examples
from models.learning import Learner
from models.scoring import Scorer
from models.snapshots import flattened, sign

KEY = "a key of the tests"
N_EXAMPLES = 200


def trained(spec: ModelSpec) -> Scorer:
    random = np.random.default_rng(1)
    features = random.normal(size=(N_EXAMPLES, len(spec.features.names))).astype(np.float32)
    learner = Learner(spec)
    learner.learn(
        Examples(
            user_id=[f"user {number}" for number in range(N_EXAMPLES)],
            event_id=[f"event {number}" for number in range(N_EXAMPLES)],
            due_ms=np.arange(N_EXAMPLES, dtype=np.int64),
            label=features.sum(axis=1) > 0,
            score=np.full(N_EXAMPLES, np.nan, dtype=np.float32),
            features=features,
        )
    )
    snapshot = sign(learner.snapshot(created_ms=1, considered_ms={}), KEY)
    return Scorer(spec, flattened(snapshot, KEY, spec.features), warm_up_examples=N_EXAMPLES)


WARM = {name: trained(spec) for name, spec in MODELS.items()}
