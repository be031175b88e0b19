"""Models as plain data: a form that says how to score, and arrays by name. Reading them runs nothing of theirs.

Encoded as MessagePack: ``{"form": .., "arrays": {name: {"dtype": .., "shape": [..], "data": ..}}}``, an array's data in
C order and little-endian. The same model always gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

import msgspec
import numpy as np
import numpy.typing as npt

from models.errors import NotFlattened, SnapshotRefused

Arrays = Mapping[str, npt.NDArray[np.generic]]
Floats = npt.NDArray[np.float64]


class Flat(NamedTuple):
    """What was encoded. The arrays can't be written to."""

    form: str
    arrays: Arrays


_Type = Literal["<f8", "<f4", "<i4", "|u1"]


class _Array(msgspec.Struct, frozen=True, kw_only=True):
    dtype: _Type
    shape: tuple[int, ...]
    data: bytes


class _Model(msgspec.Struct, frozen=True, kw_only=True):
    form: str
    arrays: dict[str, _Array]


def encode(form: str, arrays: Arrays) -> bytes:
    """The bytes of a model. Its arrays are of float64, float32, int32 or uint8; raises ``NotFlattened`` for others."""
    others = {array.dtype.str for array in arrays.values()} - set(get_args(_Type))
    if others:
        raise NotFlattened(f"a flat model has no arrays of {', '.join(sorted(others))}")
    encoded = {
        name: _Array(dtype=array.dtype.str, shape=array.shape, data=array.tobytes())  # type: ignore[arg-type]
        for name, array in sorted(arrays.items())
    }
    return msgspec.msgpack.encode(_Model(form=form, arrays=encoded))


def decode(flat: bytes) -> Flat:
    """The model that :func:`encode` was given. Raises ``SnapshotRefused`` for bytes that are none."""
    try:
        model = msgspec.msgpack.decode(flat, type=_Model)
        arrays = {name: np.frombuffer(a.data, a.dtype).reshape(a.shape) for name, a in model.arrays.items()}
    except (msgspec.DecodeError, ValueError) as error:
        raise SnapshotRefused(f"a flat model can't be read: {error}") from None
    return Flat(model.form, arrays)


def logistic(log_odds: Floats) -> Floats:
    """The probabilities of n log-odds: shape (n,)."""
    with np.errstate(over="ignore"):  # log-odds below -700: a probability of 0
        return np.asarray(1.0 / (1.0 + np.exp(-log_odds)))
