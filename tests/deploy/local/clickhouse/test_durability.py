"""What was acknowledged stays, whatever becomes of the server."""

import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import Error

from deploy.local.exceptions import NotReady
from deploy.local.stack import LocalStack
from tests.waiting import wait_until

BATCH = 1000
DDL = (
    "CREATE TABLE t (batch UInt32, number UInt64, name String) ENGINE = MergeTree ORDER BY number "
    "SETTINGS non_replicated_deduplication_window = 1000"
)


@pytest.fixture
def stack(stack_folder: Path) -> LocalStack:
    stack = LocalStack(stack_folder, members=("clickhouse",))
    stack.up()
    return stack


def connect(stack: LocalStack) -> Client:
    endpoints = stack.endpoints()
    assert endpoints
    return Client(endpoints.clickhouse_host, endpoints.clickhouse_port)


def insert_batch(client: Client, batch: int) -> None:
    rows = [(batch, number, f"name {number}") for number in range(BATCH)]
    client.execute("INSERT INTO t VALUES", rows, settings={"insert_deduplication_token": f"t-0-{batch}"})


@pytest.mark.faults
def test_sigkill_loses_no_acknowledged_row(stack: LocalStack) -> None:
    acknowledged: list[int] = []
    server = stack.member("clickhouse")
    with connect(stack) as client:
        client.execute(DDL)

    def write(first: int) -> None:
        with suppress(Error, EOFError, OSError), connect(stack) as client:
            for batch in range(first, first + 10_000):
                insert_batch(client, batch)
                acknowledged.append(batch)

    for kill in range(3):
        before = len(acknowledged)
        writers = [threading.Thread(target=write, args=(10_000 * (2 * kill + half),)) for half in range(2)]
        for writer in writers:
            writer.start()
        wait_until(lambda before=before: len(acknowledged) > before + 4, 20, "inserts are acknowledged")
        server.kill()
        for writer in writers:
            writer.join()
        server.restart()
        with connect(stack) as client:
            kept = dict(client.execute("SELECT batch, count() FROM t GROUP BY batch"))
            assert set(kept.values()) == {BATCH}  # an INSERT is there whole or not at all
            assert set(acknowledged) <= kept.keys()
            insert_batch(client, acknowledged[-1])  # the token is remembered, too
            assert client.execute("SELECT count() FROM t") == [(BATCH * len(kept),)]
    assert len(acknowledged) > 10


def test_sigterm_ends_gracefully(stack: LocalStack) -> None:
    server = stack.member("clickhouse")
    with connect(stack) as client, connect(stack) as idle:
        client.execute(DDL)
        insert_batch(client, 1)
        idle.execute("SELECT 1")
        started = time.monotonic()
        server.end()
        assert time.monotonic() - started < 5
        with pytest.raises((Error, EOFError, OSError)):
            client.connection.connect()
    server.restart()
    with connect(stack) as client:
        assert client.execute("SELECT count() FROM t") == [(BATCH,)]
    assert "stopping" in server.log.read_text()


def test_two_servers_never_share_a_folder(stack: LocalStack, tmp_path: Path) -> None:
    # Another stack's state beside the same data.
    other = LocalStack(tmp_path / "other", members=("clickhouse",))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "clickhouse").symlink_to(tmp_path / "clickhouse")
    with pytest.raises(NotReady, match=r"Cannot lock file|EmbeddedServer"):
        other.up()
