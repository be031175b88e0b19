from __future__ import annotations

import os
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from river.__version__ import __version__ as imported_version

from models.catalogue import CHURN, FRAUD
from models.errors import SnapshotRefused
from models.examples import Examples
from models.flat import encode
from models.learning import Learner
from models.snapshots import Snapshot, flattened, from_row, load, river_version, sign, to_columns, verify

KEY = "a key of the tests"
N = len(CHURN.features.names)


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


def stored(snapshot: Snapshot, *, without: tuple[str, ...] = ()) -> Snapshot:
    """What comes back from the table."""
    return from_row({name: values[0] for name, values in to_columns(snapshot).items() if name not in without})


def test_what_was_signed_is_loaded_and_goes_on_from_there(snapshot: Snapshot) -> None:
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
        ({"flat": b""}, "another key, or altered"),
    ],
)
def test_altered_snapshots_are_refused_before_they_are_unpickled(
    snapshot: Snapshot, tmp_path: Path, alter: dict[str, Any], message: str
) -> None:
    mark = tmp_path / "executed"
    signed = sign(replace(snapshot, pickled=pickle.dumps(Bomb(mark))), KEY)
    altered = replace(signed, **alter)
    for use in (load, flattened):
        with pytest.raises(SnapshotRefused, match=message):
            use(altered, KEY, CHURN.features)
    assert not mark.exists()
    load(signed, KEY, CHURN.features)
    assert mark.exists(), "the bomb is one"


def test_another_pickle_under_the_same_signature_is_refused(snapshot: Snapshot, tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    signed = sign(snapshot, KEY)
    with pytest.raises(SnapshotRefused, match="has a pickle that isn't what its sha256 says"):
        load(replace(signed, pickled=pickle.dumps(Bomb(mark))), KEY, CHURN.features)
    assert not mark.exists()


def test_a_snapshot_without_its_pickle_scores_but_does_not_learn(snapshot: Snapshot) -> None:
    light = stored(sign(snapshot, KEY), without=("snapshot",))
    assert light.size == len(snapshot.pickled)
    found = flattened(light, KEY, CHURN.features)
    assert found.model.to_bytes() == snapshot.flat
    assert found.model.value.any()
    with pytest.raises(SnapshotRefused, match="has a pickle that isn't what its sha256 says"):
        load(light, KEY, CHURN.features)


def test_what_scores_unpickles_nothing(snapshot: Snapshot, tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    signed = sign(replace(snapshot, pickled=pickle.dumps(Bomb(mark))), KEY)
    assert flattened(stored(signed), KEY, CHURN.features).model.value.any()
    for flat in (pickle.dumps(Bomb(mark)), b"", b"\x80"):
        with pytest.raises(SnapshotRefused, match=f"{snapshot.version}: a flat model can't be read"):
            flattened(sign(replace(signed, flat=flat), KEY), KEY, CHURN.features)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("form", "arrays", "message"),
    [
        ("forest", {}, "a flat model has the form 'forest', which this Footfall can't score"),
        ("scorecard", {}, "a flat model isn't a scorecard of"),
        ("scorecard", {"mean": np.zeros(3)}, "a flat model isn't a scorecard of"),
        ("scorecard", {"first": np.zeros(N + 1, np.int32)}, "features without two knots"),
        ("scorecard", {"first": np.arange(N + 1, dtype=np.int32) * 2 - 2}, "features without two knots"),
        ("scorecard", {"first": np.arange(N + 1, dtype=np.int32)[::-1] * 2}, "features without two knots"),
        ("scorecard", {"knot": np.zeros(2 * N)}, "knots that don't ascend"),
        ("scorecard", {"knot": np.full(2 * N, np.nan)}, "knots that don't ascend"),
    ],
)
def test_a_flat_model_that_cannot_be_scored_is_refused_though_signed(
    snapshot: Snapshot, form: str, arrays: dict[str, Any], message: str
) -> None:
    sound = {
        "intercept": np.zeros(()),
        "first": np.arange(N + 1, dtype=np.int32) * 2,
        "knot": np.tile([0.0, 1.0], N),
        "value": np.zeros(2 * N),
        "mean": np.zeros(N),
    }
    flattened(sign(replace(snapshot, flat=encode("scorecard", sound)), KEY), KEY, CHURN.features)
    signed = sign(replace(snapshot, flat=encode(form, {**sound, **arrays} if arrays else {})), KEY)
    with pytest.raises(SnapshotRefused, match=f"{snapshot.version}: a flat .*{message.removeprefix('a flat ')}"):
        flattened(signed, KEY, CHURN.features)


def test_another_key_is_refused(snapshot: Snapshot, tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    signed = sign(replace(snapshot, pickled=pickle.dumps(Bomb(mark))), "another key")
    for use in (load, flattened):
        with pytest.raises(SnapshotRefused, match="another key"):
            use(signed, KEY, CHURN.features)
    assert not mark.exists()


def test_another_river_and_other_features_are_refused_though_signed(snapshot: Snapshot, tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    bomb = replace(snapshot, pickled=pickle.dumps(Bomb(mark)))
    for use in (load, flattened, verify):
        with pytest.raises(SnapshotRefused, match=r"made by River 0\.1\.0; this is River"):
            use(sign(replace(bomb, river_version="0.1.0"), KEY), KEY, CHURN.features)
        with pytest.raises(SnapshotRefused, match=f"these are {FRAUD.features.fingerprint}"):
            use(sign(bomb, KEY), KEY, FRAUD.features)
    assert not mark.exists()
    assert river_version() == imported_version


def test_nothing_is_signed_or_loaded_without_a_key(snapshot: Snapshot) -> None:
    with pytest.raises(SnapshotRefused, match="no key"):
        sign(snapshot, "")
    for use in (load, flattened):
        with pytest.raises(SnapshotRefused, match="no key"):
            use(sign(snapshot, KEY), "", CHURN.features)
