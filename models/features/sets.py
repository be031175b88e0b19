"""Feature sets: names in a fixed order, told apart by a fingerprint that predictions and snapshots carry."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class FeatureSet:
    """The features of one kind of model."""

    names: tuple[str, ...]
    fingerprint: str = field(init=False)

    def __post_init__(self) -> None:
        digest = hashlib.sha256("\n".join(self.names).encode()).hexdigest()
        object.__setattr__(self, "fingerprint", digest[:12])

    def matrix(self, columns: Mapping[str, npt.ArrayLike], n: int) -> npt.NDArray[np.float32]:
        """Columns by name to a matrix of shape (n, features). A column that isn't of this set is an error."""
        features = np.empty((n, len(self.names)), dtype=np.float32, order="F")
        for index, name in enumerate(self.names):
            features[:, index] = columns[name]
        if len(columns) != len(self.names):
            raise KeyError(f"not of this feature set: {sorted(columns.keys() - set(self.names))}")
        return features


def to_bytes(features: npt.NDArray[np.float32]) -> list[bytes]:
    """Rows of a matrix of shape (n, features) as little-endian float32, for ``predictions.features_f32``."""
    return [row.tobytes() for row in np.ascontiguousarray(features, dtype="<f4")]


def from_bytes(rows: list[bytes], feature_set: FeatureSet) -> npt.NDArray[np.float32]:
    """The matrix of shape (n, features) that :func:`to_bytes` was given."""
    return np.frombuffer(b"".join(rows), dtype="<f4").reshape(len(rows), len(feature_set.names))
