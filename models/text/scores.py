"""What is read off texts, as columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, kw_only=True)
class TextScores:
    """Of n texts, in the order in which they were given."""

    columns: Mapping[str, npt.NDArray[np.float32]]
    """By column of ``review_scores`` that a head fills: shape (n,) or (n, k). NaN where the text has a reason."""
    n_tokens: npt.NDArray[np.int32]
    """(n,) of the whole text, special tokens included."""
    truncated: npt.NDArray[np.bool_]
    """(n,) whether the model read only head and tail."""
    model: str
    tier: str
    """How they were computed, such as ``int8``."""
    reasons: Mapping[int, str] = field(default_factory=dict)
    """By row: why a text couldn't be scored. It quotes nothing of the text."""

    def __len__(self) -> int:
        return len(self.n_tokens)
