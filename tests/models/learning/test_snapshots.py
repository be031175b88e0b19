from __future__ import annotations

import os
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.catalogue import CHURN, FRAUD
from models.errors import SnapshotRefused
from models.learning import Examples, Learner
from models.snapshots import Snapshot, from_row, load, sign, to_columns

KEY = "a key of the tests"


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


@pytest.fixture
def snapshot(some_examples: Examples) -> Snapshot:
    learner = Learner(CHURN)
    learner.learn(some_examples)
    return learner.snapshot(created_ms=1_700_000_000_000, considered_ms={0: 5, 1: 7})


def stored(snapshot: Snapshot) -> Snapshot:
    """What comes back from the table."""
    return from_row({name: values[0] for name, values in to_columns(snapshot).items()})


def test_what_was_signed_is_loaded_and_predicts_the_same(snapshot: Snapshot) -> None:
    loaded = load(stored(sign(snapshot, KEY)), KEY, CHURN.features)
    assert loaded.snapshot.version == snapshot.version
    assert loaded.snapshot.learnt_until_ms == 5
    assert loaded.pipeline[-1].weights
    assert loaded.pipeline[-1].intercept != 0


@pytest.mark.parametrize(
    ("alter", "message"),
    [
        ({"hmac": ""}, "isn't signed"),
        ({"hmac": "0" * 64}, "another key, or altered"),
        ({"examples": 10**6}, "another key, or altered"),
        ({"version": "churn-00000099-00000000"}, "another key, or altered"),
        ({"metrics": {}}, "another key, or altered"),
        ({"sha256": "0" * 64}, "another key, or altered"),
    ],
)
def test_altered_snapshots_are_refused_before_they_are_unpickled(
    snapshot: Snapshot, tmp_path: Path, alter: dict[str, Any], message: str
) -> None:
    mark = tmp_path / "executed"
    signed = sign(replace(snapshot, pickled=pickle.dumps(Bomb(mark))), KEY)
    with pytest.raises(SnapshotRefused, match=message):
        load(replace(signed, **alter), KEY, CHURN.features)
    assert not mark.exists()
    load(signed, KEY, CHURN.features)
    assert mark.exists(), "the bomb is one"


def test_another_pickle_under_the_same_signature_is_refused(snapshot: Snapshot, tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    signed = sign(snapshot, KEY)
    with pytest.raises(SnapshotRefused, match="another key, or altered"):
        load(replace(signed, pickled=pickle.dumps(Bomb(mark))), KEY, CHURN.features)
    assert not mark.exists()


def test_another_key_is_refused(snapshot: Snapshot, tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    signed = sign(replace(snapshot, pickled=pickle.dumps(Bomb(mark))), "another key")
    with pytest.raises(SnapshotRefused, match="another key"):
        load(signed, KEY, CHURN.features)
    assert not mark.exists()


def test_another_river_and_other_features_are_refused_though_signed(snapshot: Snapshot, tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    bomb = replace(snapshot, pickled=pickle.dumps(Bomb(mark)))
    with pytest.raises(SnapshotRefused, match=r"made by River 0\.1\.0; this is River"):
        load(sign(replace(bomb, river_version="0.1.0"), KEY), KEY, CHURN.features)
    with pytest.raises(SnapshotRefused, match=f"these are {FRAUD.features.fingerprint}"):
        load(sign(bomb, KEY), KEY, FRAUD.features)
    assert not mark.exists()


def test_nothing_is_signed_or_loaded_without_a_key(snapshot: Snapshot) -> None:
    with pytest.raises(SnapshotRefused, match="no key"):
        sign(snapshot, "")
    with pytest.raises(SnapshotRefused, match="no key"):
        load(sign(snapshot, KEY), "", CHURN.features)
