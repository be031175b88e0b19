"""Models are promoted, refused, pinned and rolled back while workers are killed: no purchase is lost or unscored."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest

from models.catalogue import CHURN, FRAUD, FRAUD_LINEAR
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.model_control import ModelControl
from streams.settings import Secret
from streams.snapshot_store import SnapshotStore
from tests.faults.fleet import READY_TIMEOUT_S, Worker
from tests.faults.scene import Scene, Site
from tests.streams.worker.models_at_hand import N_EXAMPLES, learnt
from tests.waiting import wait_until

BY = {"who": "a test", "why": "a storm"}
N_PURCHASES = 30
"""That a model must have scored before it counts as champion."""
REFUSED = "fraud-linear-00009999-0badf00d"

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]


def test_champions_change_while_workers_are_killed(tansu: Site, scene_on: Callable[..., Scene]) -> None:
    eager = {"fraud_threshold": 1e-9, "churn_threshold": 1e-9, "learn_interval_s": 0.2, "warm_up_examples": N_EXAMPLES}
    with (
        scene_on(tansu, **eager) as scene,
        closing(Reader(scene.settings)) as reader,
        closing(Writer(scene.settings)) as writer,
        closing(ModelControl(scene.settings)) as control,
    ):
        store = SnapshotStore(scene.settings, reader, writer)
        good = {spec.name: store.publish(learnt(spec)).version for spec in (FRAUD, FRAUD_LINEAR, CHURN)}

        def scored_by(model: str) -> int:
            """Purchases that a model scored as the champion, as long as it was the last."""
            found = reader.query(
                "SELECT count() FROM events FINAL WHERE type = 'purchase' AND match(fraud_version, %(like)s)"
                " AND written_ms >= %(since)s",
                {"like": rf"^{model}-[0-9]", "since": since_ms},
            )
            return int(found[0][0])

        def wait_for(model: str) -> None:
            wait_until(lambda: scored_by(model) >= N_PURCHASES, READY_TIMEOUT_S, f"{model} is the champion")

        def decided_ms() -> int:
            return int(reader.query("SELECT max(decided_ms) FROM model_decisions")[0][0])

        def replaced(worker: Worker) -> Worker:
            scene.note(f"SIGKILL {worker.name}")
            worker.kill()
            return scene.fleet.start(published=True)

        since_ms = 0
        with scene.load():
            first, second = (scene.fleet.start(published=True) for _ in range(2))
            wait_for("fraud")
            control.promote("fraud-linear", **BY)
            since_ms = decided_ms()
            first = replaced(first)
            wait_for("fraud-linear")
            first.wait_assigned()
            strange = replace(scene.settings, model_key=Secret("a key of somebody else"))
            SnapshotStore(strange, reader, writer).publish(replace(learnt(FRAUD_LINEAR), version=REFUSED))
            for worker in (first, second):
                wait_until(lambda w=worker: REFUSED in w.text, READY_TIMEOUT_S, f"{worker.name} refuses the snapshot")
            control.pin("fraud-linear", good["fraud-linear"], **BY)
            since_ms = decided_ms()
            second = replaced(second)
            wait_for("fraud-linear")
            control.rollback("fraud", **BY)
            since_ms = decided_ms()
            first = replaced(first)
            wait_for("fraud")
        scene.finish()
        states = dict(
            reader.query("SELECT fraud_state, count() FROM events FINAL WHERE type = 'purchase' GROUP BY fraud_state")
        )
        assert states.keys() == {2}, f"purchases by state of their score: {states}"
        versions = [version for (version,) in reader.query("SELECT DISTINCT fraud_version FROM events FINAL")]
        assert REFUSED not in versions
        assert all("signed with another key" in worker.text for worker in scene.fleet.workers if REFUSED in worker.text)
