"""Rebuilt profiles are those that workers made, whatever happened to either."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace

import pytest
from click.testing import CliRunner

from deploy.local.workers import WorkerProcess
from schemas.layout import OFFSET_COLUMNS
from streams.clickhouse.reader import Reader
from streams.commands import main
from streams.errors import Fatal
from streams.rebuild import swap
from streams.rebuild.plan import HOME
from streams.rebuild.swap import OLD
from streams.rebuild.workspace import PROGRESS, ROWS
from streams.replay.partitioner import key_hash
from tests.streams.rebuild.conftest import N_EVENTS
from tests.streams.rebuild.shop import Shop


def tables(shop: Shop) -> set[str]:
    return {name for (name,) in shop.query("SHOW TABLES") if name.startswith("profiles")}


def test_the_same_as_a_worker_makes_them_and_a_later_worker_goes_on(shop: Shop) -> None:
    report = shop.rebuild()
    found = report.comparison
    assert (report.events, report.read, report.ledger_rows, report.moved) == (N_EVENTS, N_EVENTS, N_EVENTS, 0)
    assert found.before == found.after > 100
    assert (found.only_before, found.only_after, found.ahead, found.differing) == (0, 0, 0, 0)
    assert tables(shop) == {"profiles", OLD}
    assert shop.differences(OLD) == 0
    claimed = shop.value("SELECT max(epoch) FROM assignments")
    assert shop.query("SELECT DISTINCT bitShiftRight(version, 32) FROM profiles") == [(claimed,)]

    shop.produce(500)
    shop.work()
    assert shop.audit().ok
    again = shop.rebuild(drop_old=True)
    assert again.events == N_EVENTS + 500
    assert (again.comparison.differing, again.comparison.only_before, again.comparison.only_after) == (0, 0, 0)
    assert tables(shop) == {"profiles"}


def test_what_was_spoilt_is_mended(shop: Shop) -> None:
    shop.keep("good")
    shop.query("DELETE FROM profiles WHERE id = 'user-3'")
    shop.query(
        "INSERT INTO profiles SELECT * REPLACE (version + 1 AS version, total_spent + 0.01 AS total_spent)"
        " FROM profiles FINAL WHERE id = 'user-4'"
    )
    shop.query("INSERT INTO profiles (kind, partition, id, version) VALUES (0, 0, 'nobody', 1)")
    tried = shop.rebuild(dry_run=True)
    assert not tried.swapped
    assert (tried.comparison.only_after, tried.comparison.only_before, tried.comparison.differing) == (1, 1, 1)
    assert shop.differences("good") == 3
    done = shop.rebuild()
    assert (done.swapped, done.read, done.comparison) == (True, 0, tried.comparison)
    assert shop.differences("good") == 0


def test_with_little_memory(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.rebuild.plan.CHUNK_EVENTS", 50)
    small = Shop(replace(shop.settings, profile_cache_rows=30), shop._folder)
    report = small.rebuild()
    small.reader.close()
    assert report.read == N_EVENTS
    assert shop.differences(OLD) == 0


def test_an_owner_from_before_is_overruled(shop: Shop) -> None:
    shop.keep("good")
    shop.rebuild()
    shop.query(f"INSERT INTO profiles SELECT * REPLACE (version + 1000 AS version, 0 AS total_spent) FROM {OLD} FINAL")
    assert shop.differences("good") == 0


def test_rows_that_were_written_twice_or_not_acknowledged(shop: Shop) -> None:
    shop.keep("good")
    shop.query("INSERT INTO events SELECT * REPLACE (written_ms + 5 AS written_ms) FROM events WHERE offset % 3 = 0")
    shop.query(
        "INSERT INTO events SELECT * REPLACE (offset + 100000 AS offset, concat(event_id, '-next') AS event_id)"
        " FROM events WHERE offset % 5 = 0"
    )
    assert shop.rebuild().events == N_EVENTS
    assert shop.differences("good") == 0


def test_refuses_while_a_worker_runs_and_goes_on_once_it_has_stopped(shop: Shop) -> None:
    told: list[int] = []
    with shop.worker() as worker:
        shop.produce(100)
        shop.wait_durable(worker)
        with pytest.raises(Fatal, match="stop them and run `footfall rebuild` again"):
            shop.rebuild(wait_s=1.0, waiting=told.append)
        assert len(told) == 1
        assert tables(shop) == {"profiles", ROWS, PROGRESS}
        shop.produce(100)
        shop.wait_durable(worker)
    report = shop.rebuild()
    assert (report.read, report.events) == (100, N_EVENTS + 200)
    assert shop.differences(OLD) == 0


def test_a_worker_that_starts_during_the_swap_waits_for_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare = swap.prepare
    shop.produce(200)
    with ExitStack() as running:
        workers: list[WorkerProcess] = []

        def prepare_slowly(reader: Reader, partitions: int, epoch: int) -> None:
            workers.append(running.enter_context(shop.worker()))
            time.sleep(5.0)
            prepare(reader, partitions, epoch)

        monkeypatch.setattr(swap, "prepare", prepare_slowly)
        assert shop.rebuild().events == N_EVENTS
        shop.wait_durable(workers[0])
    monkeypatch.undo()
    assert shop.rebuild().events == N_EVENTS + 200
    assert shop.differences(OLD) == 0
    assert shop.audit().ok


def test_more_partitions_than_the_events_came_by(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shopper who stays keeps the row with its offsets; the row of one who moves has none."""
    monkeypatch.setattr("streams.rebuild.plan.CHUNK_EVENTS", 70)
    shop.keep("expected")
    home = HOME.replace("user_id", "id") % {"partitions": 3}
    offsets = ", ".join(f"if(partition = {home}, {name}, -1) AS {name}" for name in OFFSET_COLUMNS)
    shop.query("DELETE FROM expected WHERE kind != 0")
    shop.query("CREATE TABLE moved AS profiles")
    shop.query(f"INSERT INTO moved SELECT * REPLACE ({offsets}, {home} AS partition) FROM expected")
    totals = (
        "SELECT kind, id, sum(total_events), round(sum(total_spent), 6) FROM profiles FINAL GROUP BY 1, 2 ORDER BY 1, 2"
    )
    before = shop.query(totals)
    report = shop.rebuild(partitions=3)
    assert 0 < report.moved < report.events == N_EVENTS
    assert shop.query(totals) == before
    shop.query("DELETE FROM profiles WHERE kind != 0")
    assert shop.differences("moved") == 0


def test_killed_in_the_middle_it_goes_on_and_counts_nothing_twice(shop: Shop) -> None:
    """Of three partitions the first is complete and the second is written but not told complete."""
    code = (
        "import os; from streams.commands import main; from streams.rebuild.workspace import Workspace\n"
        "finish = Workspace.finish\n"
        "def killed(self, home, done): finish(self, home, done) if home == 0 else os.kill(os.getpid(), 9)\n"
        "Workspace.finish = killed; main()"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL_")}
    killed = subprocess.run(
        [sys.executable, "-c", code, "rebuild", "--partitions", "3"],
        env=environment | shop.settings.to_env(),
        check=False,
        timeout=60,
    )
    assert killed.returncode == -signal.SIGKILL
    assert shop.query(f"SELECT home, open FROM {PROGRESS} FINAL ORDER BY home") == [(0, 0), (1, 1)]
    assert shop.value(f"SELECT count() FROM {ROWS} WHERE partition = 1") > 0
    report = shop.rebuild(partitions=3)
    assert report.events == N_EVENTS
    assert 0 < report.read < N_EVENTS
    shop.keep("continued")
    assert shop.rebuild(partitions=3).read == N_EVENTS
    assert shop.differences("continued") == 0


def test_another_number_of_partitions_starts_over(shop: Shop) -> None:
    shop.rebuild(dry_run=True, partitions=3)
    assert shop.rebuild(dry_run=True).read == N_EVENTS
    assert shop.rebuild(dry_run=True).read == 0


def test_as_it_is_typed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in shop.settings.to_env().items():
        monkeypatch.setenv(name, value)
    printed = CliRunner().invoke(main, ["rebuild", "--dry-run"])
    assert printed.exit_code == 0
    assert printed.output.splitlines()[-1] == "Nothing was swapped; `footfall rebuild` goes on from here"
    with shop.worker() as worker:
        shop.produce(10)
        shop.wait_durable(worker)
        refused = CliRunner().invoke(main, ["rebuild", "--wait", "0"])
        assert refused.exit_code == 1
        assert refused.stderr.splitlines()[-1].startswith("footfall: workers of the group group-")
    report = json.loads(CliRunner().invoke(main, ["rebuild", "--json"]).output)
    assert (report["events"], report["swapped"], report["comparison"]["differing"]) == (N_EVENTS + 10, True, 0)


@pytest.mark.parametrize("user", ["17850", "größe", "x" * 100, "a"])
def test_the_partition_of_a_shopper_is_kafkas(quiet: Shop, user: str) -> None:
    ((home,),) = quiet.reader.query(
        f"SELECT {HOME} FROM (SELECT %(user)s AS user_id, 0 AS partition)", {"user": user, "partitions": 1009}
    )
    assert home == key_hash(user.encode()) % 1009
