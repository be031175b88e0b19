from __future__ import annotations

import numpy as np
import pytest

from models.catalogue import CHURN
from models.examples import Examples

RECENCY = CHURN.features.names.index("log_recency_d")


def examples(n: int, *, seed: int = 0, first: int = 0) -> Examples:
    """n churn examples whose label follows the time since the last event, scored as by a good model."""
    rng = np.random.default_rng(seed)
    features = np.abs(rng.normal(size=(n, len(CHURN.features.names)))).astype(np.float32)
    signal = features[:, RECENCY] * 2 - 2
    label = rng.random(n) < 1 / (1 + np.exp(-signal))
    return Examples(
        user_id=[f"u{first + i}" for i in range(n)],
        event_id=[f"e{first + i}" for i in range(n)],
        due_ms=np.arange(n, dtype=np.int64),
        label=label,
        score=(1 / (1 + np.exp(-signal))).astype(np.float32),
        features=features,
    )


@pytest.fixture
def some_examples() -> Examples:
    return examples(600)
