"""Which texts are held out: by a hash, so that a text that is repeated never stands on both sides."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def positions(texts: Sequence[str], *, salt: str) -> npt.NDArray[np.float64]:
    """(n,) uniform in [0, 1), the same for texts that differ in case, punctuation and spaces only.

    Another ``salt`` gives independent positions.
    """
    hashes = (hashlib.sha256(f"{salt}:{_normalised(text)}".encode()).digest()[:6] for text in texts)
    return np.array([int.from_bytes(found) / 2**48 for found in hashes])


def folds(texts: Sequence[str], count: int) -> npt.NDArray[np.int64]:
    """(n,) from 0 to ``count`` - 1."""
    return (positions(texts, salt="fold") * count).astype(np.int64)


def validation(texts: Sequence[str], share: float) -> npt.NDArray[np.bool_]:
    """(n,) whether a text is for validation."""
    return positions(texts, salt="validation") < share


def _normalised(text: str) -> str:
    return " ".join("".join(character if character.isalnum() else " " for character in text.casefold()).split())
