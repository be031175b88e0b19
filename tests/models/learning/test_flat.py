from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from models.errors import NotFlattened, SnapshotRefused
from models.flat import decode, encode

ANY_ARRAYS = st.dictionaries(
    st.text(max_size=8),
    st.sampled_from(["<f8", "<f4", "<i4", "|u1"]).flatmap(
        lambda dtype: arrays(dtype, array_shapes(min_dims=0, min_side=0, max_side=4))
    ),
    max_size=4,
)


@given(st.text(max_size=8), ANY_ARRAYS)
def test_what_was_encoded_comes_back(form: str, given_arrays: dict[str, np.ndarray]) -> None:
    encoded = encode(form, given_arrays)
    found = decode(encoded)
    assert found.form == form
    assert found.arrays.keys() == given_arrays.keys()
    for name, array in given_arrays.items():
        assert found.arrays[name].dtype == array.dtype
        assert found.arrays[name].shape == array.shape
        assert found.arrays[name].tobytes() == array.tobytes()
    assert encode(form, dict(reversed(given_arrays.items()))) == encoded, "the order of the arrays is not part of it"


@pytest.mark.parametrize("array", [np.array([object()]), np.zeros(2, ">f8"), np.zeros(2, complex)])
def test_other_types_are_not_encoded(array: np.ndarray) -> None:
    with pytest.raises(NotFlattened, match="has no arrays of"):
        encode("linear", {"base": array})


@pytest.mark.parametrize(
    "array",
    [
        {"dtype": "|O", "shape": [1], "data": bytes(8)},
        {"dtype": "<f8", "shape": [2], "data": bytes(8)},
        {"dtype": "<f8", "shape": [1], "data": bytes(7)},
        {"dtype": "<f8", "shape": [1]},
    ],
)
def test_bytes_that_are_no_model_are_refused(array: dict[str, object]) -> None:
    with pytest.raises(SnapshotRefused, match="a flat model can't be read"):
        decode(msgspec.msgpack.encode({"form": "linear", "arrays": {"base": array}}))


@given(st.binary(max_size=60))
def test_any_bytes_are_a_model_or_refused(found: bytes) -> None:
    with pytest.raises(SnapshotRefused):
        decode(found)
