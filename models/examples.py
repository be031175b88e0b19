"""What a model learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Predictions that got their label, n of them, in the order in which they are to be learnt."""

    user_id: Sequence[str]
    event_id: Sequence[str]
    due_ms: npt.NDArray[np.int64]
    label: npt.NDArray[np.bool_]
    score: npt.NDArray[np.float32]
    """As it was predicted; NaN where the model was warming up."""
    features: npt.NDArray[np.float32]
    """As they were scored: (n, features)."""
    corrects: npt.NDArray[np.bool_] | None = None
    """Which of them were learnt before, with the other label. None were where it isn't given."""

    def __len__(self) -> int:
        return len(self.user_id)
