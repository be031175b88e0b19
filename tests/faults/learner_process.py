"""Learners as processes of their own, each forked from one that has imported River already."""

from __future__ import annotations

import os
import signal
from multiprocessing.process import BaseProcess

from models.catalogue import MODELS
from models.snapshots import Snapshot
from streams.learner.rounds import learner_rounds
from streams.settings import Settings
from streams.snapshot_store import SnapshotStore
from tests.faults.forked import forked
from tests.faults.load import clock_ms


def learn_all(settings: Settings, model: str, batch_examples: int, published: int | None) -> None:
    """Rounds back to back, until nothing is left to learn; or until so many snapshots are published, and the examples
    of one more are written."""
    if published is not None:
        _die_after(published)
    rounds = learner_rounds(MODELS[model], settings, clock_ms=clock_ms, batch_examples=batch_examples)
    while rounds.run_once().learnt:
        pass
    rounds.close()


def _die_after(published: int) -> None:
    publish = SnapshotStore.publish
    left = published

    def publish_or_die(self: SnapshotStore, snapshot: Snapshot) -> Snapshot:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return publish(self, snapshot)

    SnapshotStore.publish = publish_or_die  # type: ignore[method-assign]


def learner_process(
    settings: Settings, model: str, *, batch_examples: int, published: int | None = None
) -> BaseProcess:
    """Started; killed by itself where ``published`` says when."""
    return forked(learn_all, settings, model, batch_examples, published)
