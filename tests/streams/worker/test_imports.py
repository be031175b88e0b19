"""A process that only scores has none of what learning needs in its memory; one that learns has, from its first example
on."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from models.catalogue import CHURN, FRAUD
from models.examples import Examples
from models.learning import Learner
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.settings import Secret, Settings
from streams.snapshot_store import SnapshotStore
from tests.streams.learner.planted import HORIZON_MS, Planted

PROGRAM = """
import os, sys, threading

import numba
of_numba = set(sys.modules)  # it looks which SciPy there is

import orjson
import streams.commands.worker
from schemas.topics import INPUTS
from streams.leader.learning import Learning
from streams.settings import Settings
from streams.transport.app import create_app
from streams.transport.worker import run_worker
from streams.worker import machine_code
from streams.worker.costs import Costs
from streams.worker.following import Following
from streams.worker.pipeline import Pipeline
from streams.worker.server import server
import numpy as np

def heavy():
    packages = {name.partition(".")[0] for name in set(sys.modules) - of_numba}
    return sorted(packages & {"river", "scipy", "pandas", "sklearn", "pyarrow", "prometheus_client"})

assert not heavy(), f"imported at the start: {heavy()}"
settings = Settings.from_env(os.environ)
machine_code.load()
pipeline = Pipeline(settings, worker="w")
server(pipeline, create_app(settings, topics=INPUTS, handler=pipeline), settings)
following = Following(settings, stop=threading.Event(), costs=Costs())
scorers = following.poll().scorers
churn = scorers["churn"]
print(churn.version, churn.score(np.zeros((2, len(churn.spec.features.names)), np.float32)).state.tolist())
assert not heavy(), f"imported to score: {heavy()}"
learning = Learning(settings, clock_ms=lambda: 1, stop=threading.Event(), costs=Costs())
while learning.run():
    pass
print(*heavy())
"""


def run(settings: Settings) -> list[str]:
    """What the program printed: version and states of two scores, then what was imported to learn."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=os.environ | settings.to_env(), capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    return done.stdout.splitlines()


@pytest.fixture
def keyed(settings: Settings) -> Settings:
    return replace(settings, model_key=Secret("a key of the tests"), max_ahead_s=0.0, warm_up_examples=2)


@pytest.fixture
def published(keyed: Settings, reader: Reader, writer: Writer) -> str:
    """The version of a snapshot in the table."""
    learner = Learner(CHURN)
    learner.learn(
        Examples(
            user_id=["a", "b"],
            event_id=["e", "e"],
            due_ms=np.zeros(2, np.int64),
            label=np.array([True, False]),
            score=np.full(2, np.nan, np.float32),
            features=np.ones((2, len(CHURN.features.names)), np.float32),
        )
    )
    store = SnapshotStore(keyed, reader, writer)
    return store.publish(learner.snapshot(created_ms=1, considered_ms={})).version


def test_scoring_imports_nothing_that_learns(keyed: Settings, published: str) -> None:
    assert run(keyed) == [f"{published} [2, 2]", ""]


def test_the_first_example_imports_river(keyed: Settings, reader: Reader, writer: Writer) -> None:
    planted = Planted(writer, reader)
    planted.predictions(("u", "e", 0))
    planted.ledger(0, HORIZON_MS)
    scores, learning = run(keyed)
    assert scores == " [1, 1]"
    assert "river" in learning.split()


def test_polling_does_not_read_pickles(keyed: Settings, published: str, reader: Reader, writer: Writer) -> None:
    store = SnapshotStore(keyed, reader, writer)
    latest, whole = store.latest(CHURN), store.latest_whole(CHURN)
    assert latest is not None
    assert whole is not None
    assert latest.snapshot == replace(whole, pickled=b"")
    assert store.load(CHURN, whole).snapshot.version == published
    assert store.latest(FRAUD) is None
    assert store.latest_whole(FRAUD) is None
