"""Feature sets: their order, their fingerprint, and their rows as bytes."""

from __future__ import annotations

import numpy as np
import pytest

from models.features.churn import CHURN_FEATURES
from models.features.fraud import FRAUD_FEATURES
from models.features.sets import FeatureSet, from_bytes, to_bytes

SET = FeatureSet(("a", "b"))


def test_columns_stand_in_the_order_of_the_names() -> None:
    features = SET.matrix({"b": np.array([3.0, 4.0]), "a": np.array([True, False])}, 2)
    assert features.dtype == np.float32
    assert features.tolist() == [[1, 3], [0, 4]]


@pytest.mark.parametrize("names", ["a", "abc", "bc", ""])
def test_columns_of_another_set_are_refused(names: str) -> None:
    with pytest.raises(KeyError):
        SET.matrix(dict.fromkeys(names, np.zeros(1)), 1)


def test_fingerprints_tell_names_and_order() -> None:
    others = [FeatureSet(names) for names in (("b", "a"), ("a",), ("ab",), ("a", "b", "c"))]
    assert len({SET.fingerprint, *(other.fingerprint for other in others)}) == 5
    assert FeatureSet(("a", "b")).fingerprint == SET.fingerprint


@pytest.mark.parametrize("n", [0, 1, 1000])
def test_rows_survive_as_bytes(n: int) -> None:
    features = np.random.default_rng(n).normal(size=(n, 2)).astype(np.float32)
    np.testing.assert_array_equal(from_bytes(to_bytes(np.asfortranarray(features)), SET), features)


def test_bytes_are_little_endian() -> None:
    assert to_bytes(np.array([[1.0, -2.0]], dtype=np.float32)) == [b"\x00\x00\x80\x3f\x00\x00\x00\xc0"]


@pytest.mark.parametrize("feature_set", [CHURN_FEATURES, FRAUD_FEATURES])
def test_no_name_comes_twice(feature_set: FeatureSet) -> None:
    assert len(set(feature_set.names)) == len(feature_set.names)
