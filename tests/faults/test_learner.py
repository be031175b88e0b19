"""Learners that are killed while they work through labels: each label is learnt once, and the model is the same."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from clickhouse_driver import Client

from models.catalogue import FRAUD
from schemas.events import FraudLabel
from schemas.topics import CARTS
from streams.clickhouse.migrate import migrate
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.settings import Secret, Settings
from tests.faults.fleet import READY_TIMEOUT_S, Fleet, Worker
from tests.faults.learner_process import learner_process
from tests.faults.load import Load, send_all
from tests.faults.relearn import last_labels, relearnt
from tests.faults.scene import RATE, Scene, Site
from tests.faults.shoppers import Sent, Shoppers
from tests.streams.learner.planted import T0, Planted
from tests.waiting import wait_until

N_PURCHASES = 240
BATCH_EXAMPLES = 8
"""Of a round: 30 rounds for the first labels, and 15 for the corrections."""
KILLS = (6, 4)
"""While first labels are learnt, and while corrections are."""
LEARN_TIMEOUT_S = 60.0

N_WORKERS = 2
N_RECORDS = 2_000
"""Before the labels begin to come."""
LEADER_KILLS = 2
SESSIONS_TO_TAKE_OVER = 5
"""One until the broker gives the worker up, and one until the others hear of it; the rest is for slow machines."""

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

Verdicts = list[tuple[int, int, str]]
"""Number of a purchase, milliseconds after ``T0``, verdict."""


class Tables:
    """A database with purchases that were scored, and what was told of them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.reader = Reader(settings)
        self._writer = Writer(settings)
        self._planted = Planted(self._writer, self.reader)
        self._planted.predictions(*((f"u{n % 50}", f"p{n}", n) for n in range(N_PURCHASES)), kind="fraud")

    def tell(self, verdicts: Verdicts, first: int) -> None:
        purchases, ts, said = zip(*verdicts, strict=True)
        n = len(verdicts)
        self._planted.insert(
            "labels",
            {
                "topic": ["labels"] * n,
                "partition": [0] * n,
                "offset": list(range(first, first + n)),
                "event_id": [f"l{first + number:06}" for number in range(n)],
                "user_id": [f"u{purchase % 50}" for purchase in purchases],
                "type_code": [FraudLabel.code] * n,
                "ts": T0 + np.array(ts),
                "target": [f"p{purchase}" for purchase in purchases],
                "verdict": said,
            },
        )

    def line(self) -> list[tuple[Any, ...]]:
        """All snapshots but for the time at which they were written."""
        return self.reader.query(
            "SELECT version, parent, examples, positives, metrics, sha256, hex(flat) FROM models FINAL ORDER BY version"
        )

    def start(self, published: int | None = None) -> BaseProcess:
        return learner_process(self.settings, "fraud", batch_examples=BATCH_EXAMPLES, published=published)

    def kill_at_any_time(self, chance: random.Random) -> None:
        """Of a round."""
        process = self.start()
        wait_published(self.reader, 1, LEARN_TIMEOUT_S)
        time.sleep(chance.uniform(0, wait_published(self.reader, 1, LEARN_TIMEOUT_S)))
        process.kill()
        self._wait_killed(process)

    def kill_before_publishing(self, chance: random.Random) -> None:
        """Where the examples of a round are written, and its snapshot isn't."""
        self._wait_killed(self.start(published=chance.randint(0, 2)))
        ((later,),) = self.reader.query("SELECT (SELECT max(version) FROM learnt) > (SELECT max(version) FROM models)")
        assert later, "nothing had been written"

    def _wait_killed(self, process: BaseProcess) -> None:
        process.join(LEARN_TIMEOUT_S)
        assert process.exitcode == -signal.SIGKILL, "it had learnt all before it was killed"

    def close(self) -> None:
        self.reader.close()
        self._writer.close()


@contextmanager
def tables(site: Site) -> Iterator[Tables]:
    host, port = site.endpoints.clickhouse_host, site.endpoints.clickhouse_port
    name = f"f{uuid4().hex[:8]}"
    with Client(host, port) as client:
        client.execute(f"CREATE DATABASE {name}")
    url = f"clickhouse://default@{host}:{port}/{name}"
    settings = Settings(clickhouse=Secret(url), model_key=Secret("of the fault tests"))
    migrate(settings)
    made = Tables(settings)
    yield made
    made.close()


def test_a_learner_that_is_killed_ten_times_ends_with_the_model_of_an_undisturbed_one(tansu: Site, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - not for secrecy
    first = [(n, 1000 + chance.randrange(5000), chance.choice(("fraud", "ok"))) for n in range(N_PURCHASES)]
    first += [(n, 6000 + n, verdict) for n, _, verdict in first if n % 10 == 0]  # said twice
    corrections = [
        (n, 9000 + chance.randrange(500), "ok" if verdict == "fraud" else "fraud")
        for n, _, verdict in first
        if n % 2 == 0
    ]
    with tables(tansu) as calm, tables(tansu) as hurt:
        for verdicts, kills, offset in ((first, KILLS[0], 0), (corrections, KILLS[1], len(first))):
            calm.tell(verdicts, offset)
            hurt.tell(verdicts, offset)
            undisturbed = calm.start()
            for number in range(kills):
                (hurt.kill_at_any_time if number % 2 else hurt.kill_before_publishing)(chance)
            for process in (undisturbed, hurt.start()):
                process.join(LEARN_TIMEOUT_S)
                assert process.exitcode == 0, "it doesn't come to an end"
        assert hurt.line() == calm.line()
        found = relearnt(hurt.reader, FRAUD)
    last = {(f"u{n % 50}", f"p{n}"): int(verdict == "fraud") for n, _, verdict in first}
    corrected = {(f"u{n % 50}", f"p{n}") for n, _, _ in corrections}
    assert found.labels == {at: [label, 1 - label] if at in corrected else [label] for at, label in last.items()}
    assert found.flat == found.linear_flat
    assert (found.examples, found.positives) == (len(last), sum(labels[-1] for labels in found.labels.values()))


def wait_published(reader: Reader, n: int, timeout_s: float) -> float:
    """Until there are ``n`` snapshots more; the seconds that it took."""
    began = time.monotonic()
    wanted = n_snapshots(reader) + n
    wait_until(lambda: n_snapshots(reader) >= wanted, timeout_s, f"{n} more snapshots are published")
    return time.monotonic() - began


def n_snapshots(reader: Reader) -> int:
    return int(reader.query("SELECT count() FROM models WHERE name = 'fraud'")[0][0])


def leading(fleet: Fleet, reader: Reader, timeout_s: float) -> Worker:
    """The worker that learns, once one that runs does."""

    def found() -> list[Worker]:
        # Who has the first partition of this topic leads.
        query = "SELECT argMax(worker, epoch) FROM assignments WHERE topic = %(topic)s AND partition = 0"
        ((name,),) = reader.query(query, {"topic": CARTS})
        return [worker for worker in fleet.running if worker.name == name]

    wait_until(found, timeout_s, "a worker leads")
    return found()[0]


class BackToBack:
    """Shoppers, and as many labels about what was bought before it began."""

    def __init__(self, shoppers: Shoppers) -> None:
        self._shoppers = shoppers
        self._orders = shoppers.orders

    def act(self, n: int) -> list[Sent]:
        return [*self._shoppers.act(n // 2), *self._shoppers.verdicts(n - n // 2, self._orders)]


@pytest.fixture
def learning(scene_on: Callable[..., Scene], tmp_path: Path) -> Callable[[Site], Scene]:
    """Scenes whose leaders learn round after round, and look at no segments meanwhile."""
    none = tmp_path / "segments"
    none.mkdir()
    return lambda site: scene_on(site, learn_interval_s=0.1, flush_interval_s=0.5, segments=str(none))


@pytest.mark.alone
def test_another_worker_leads_within_seconds_and_learns_each_label_once(
    tansu: Site, learning: Callable[[Site], Scene]
) -> None:
    with learning(tansu) as scene:
        learn_while_leaders_die(scene, LEADER_KILLS)


@pytest.mark.timeout(1800)
def test_many_leaders_die(tansu: Site, learning: Callable[[Site], Scene], long_kills: int) -> None:
    with learning(tansu) as scene:
        learn_while_leaders_die(scene, long_kills)


def learn_while_leaders_die(scene: Scene, kills: int) -> None:
    """Under a load of labels; checks what was learnt, and all else."""
    with closing(Reader(scene.settings)) as reader:
        chance = random.Random(scene.seed)  # noqa: S311 - not for secrecy
        for _ in range(N_WORKERS):
            scene.fleet.start()
        send_all(scene.settings, scene.shoppers.act(N_RECORDS))
        scene.wait_caught_up(0.1)
        with Load(scene.settings, BackToBack(scene.shoppers), per_s=RATE):
            for _ in range(kills):
                wait_published(reader, 1, READY_TIMEOUT_S)
                leader = leading(scene.fleet, reader, READY_TIMEOUT_S)
                time.sleep(chance.uniform(0, wait_published(reader, 1, READY_TIMEOUT_S)))
                leader.kill()
                began = time.monotonic()
                scene.fleet.start()
                leading(scene.fleet, reader, SESSIONS_TO_TAKE_OVER * scene.settings.session_timeout_s)
                scene.note(f"{leader.name} led; another after {time.monotonic() - began:.1f} s")
        told = scene.shoppers.ground.verdicts
        last = {at: int(max(of_one)[2] == "fraud") for at, of_one in told.items()}
        wait_until(lambda: last_labels(reader, FRAUD) == last, READY_TIMEOUT_S, "all is learnt")
        scene.finish()
        found = relearnt(reader, FRAUD)
    assert {at: labels[-1] for at, labels in found.labels.items()} == last
    for labels in found.labels.values():
        assert all(one != other for one, other in pairwise(labels)), "learnt again with the same label"
    assert any(len(labels) > 1 for labels in found.labels.values()), "nothing was corrected"
    assert found.flat == found.linear_flat
    assert (found.examples, found.positives) == (len(last), sum(last.values()))
