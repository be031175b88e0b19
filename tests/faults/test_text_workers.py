"""Text workers that are killed all the time, while reviews come."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from models.text.checkpoint import load, save
from models.text.engine import TextEngine
from schemas.topics import REVIEW_TEXTS
from streams.audit.lag import lag
from streams.clickhouse.reader import Reader
from tests.faults.load import Load, clock_ms
from tests.faults.scene import DRAIN_TIMEOUT_S, Scene, Site
from tests.faults.shoppers import Shoppers
from tests.faults.text_workers import TextWorker, leave, problems
from tests.models.text.tiny import tiny_model
from tests.waiting import wait_until

KILLS = 12
ZOMBIE_AT = 4
CLICKHOUSE_GONE_AT = 8
BROKER_PAUSED_AT = 10
SESSION_S = 1.5
MOST_PAUSE_S = 1.5
"""From the first write after a kill to the next kill."""
RATE = 150
N_WORKERS = 2
LEAVE_LIMIT_S = 10.0

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def text_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("text") / "tiny"
    save(tiny_model(), folder, name="tiny")
    return folder


@pytest.fixture
def engine(text_model: Path) -> Iterator[TextEngine]:
    engine = TextEngine(load(text_model), precision="fp32")
    yield engine
    engine.close()


def test_reviews_are_scored_once_whoever_is_killed_when(
    tansu: Site, scene_on: Callable[..., Scene], text_model: Path, engine: TextEngine, tmp_path: Path
) -> None:
    changes = {
        "text_model": str(text_model),
        "text_precision": "fp32",
        "http": "127.0.0.1:0",
        "text_window": 200,
        "session_timeout_s": SESSION_S,
    }
    with scene_on(tansu, **changes) as scene, closing(Reader(scene.settings)) as reader:
        workers: list[TextWorker] = []

        def start() -> None:
            workers.append(TextWorker(f"t{len(workers) + 1}", scene.settings, tmp_path))

        def running() -> list[TextWorker]:
            return [worker for worker in workers if worker.running]

        chance = random.Random(scene.seed)  # noqa: S311 - not for secrecy
        reviewers = Shoppers(scene.seed, clock_ms=clock_ms, types={"review": 1.0})
        try:
            for _ in range(N_WORKERS):
                start()
            wait_until(lambda: all(worker.is_assigned for worker in workers), DRAIN_TIMEOUT_S, "both are assigned")
            with Load(scene.settings, reviewers, per_s=RATE):
                for number in range(KILLS + 1):
                    written = n_runs(reader)
                    wait_until(lambda than=written: n_runs(reader) > than, DRAIN_TIMEOUT_S, "somebody works")
                    time.sleep(chance.uniform(0, MOST_PAUSE_S))
                    victim = chance.choice(running())
                    if number == ZOMBIE_AT:  # it stands still until the group has given it up, and then goes on
                        scene.note(f"SIGSTOP {victim.name}")
                        victim.signal(signal.SIGSTOP)
                        time.sleep(1.5 * SESSION_S)
                        victim.signal(signal.SIGCONT)
                        continue
                    scene.note(f"SIGKILL {victim.name}")
                    victim.kill()
                    start()
                    if number == CLICKHOUSE_GONE_AT:
                        scene.note("ClickHouse goes and comes back")
                        clickhouse = scene.site.stack.member("clickhouse")
                        clickhouse.kill()
                        clickhouse.restart()
                    if number == BROKER_PAUSED_AT:
                        scene.note("the broker stands still")
                        broker = scene.site.stack.member("broker")
                        broker.stop()
                        time.sleep(1.5 * SESSION_S)
                        broker.cont()
            wait_until(lambda: lag(scene.settings, [REVIEW_TEXTS]) == 0, DRAIN_TIMEOUT_S, "all reviews are done")
            wait_until(lambda: all(worker.is_assigned for worker in running()), DRAIN_TIMEOUT_S, "all are assigned")
            assert len(running()) == N_WORKERS
            assert leave(running()) < LEAVE_LIMIT_S
            assert not [worker.name for worker in workers if "Traceback" in worker.text]
        except AssertionError as error:
            error.add_note("\n".join(f"--- {worker.name}\n{worker.text[-3_000:]}" for worker in workers))
            raise
        finally:
            for worker in workers:
                worker.kill()
        found = problems(scene.settings, engine)
        assert not found, "\n".join(found)
        ((writers,),) = reader.query("SELECT uniqExact(worker) FROM ledger FINAL")
        assert writers > KILLS / 2, "the kills left no work to others"


def n_runs(reader: Reader) -> int:
    """That are in the ledger."""
    ((n,),) = reader.query("SELECT count() FROM ledger FINAL")
    return int(n)
