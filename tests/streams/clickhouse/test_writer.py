from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deploy.local.stack import LocalStack
from streams.clickhouse.columns import Column
from streams.clickhouse.migrate import migrate
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.errors import Fatal, Retryable
from streams.settings import Secret, Settings
from tests.waiting import wait_until

N_ROWS = 5_000
RUN = "clicks-0-0-4999"
NEXT_RUN = "clicks-0-5000-9999"


def run_of_events(first: int) -> dict[str, Column]:
    offset = np.arange(first, first + N_ROWS)
    return {
        "topic": ["clicks"] * N_ROWS,
        "partition": np.zeros(N_ROWS, np.int32),
        "offset": offset,
        "event_id": [f"event-{at}" for at in offset],
        "user_id": [f"user-{at % 100}" for at in offset],
        "type_code": np.ones(N_ROWS, np.uint8),
        "ts": 1_700_000_000_000 + offset,
        "fraud_score": np.full(N_ROWS, np.nan, np.float32),
        "written_ms": np.full(N_ROWS, first),
    }


def count(settings: Settings, final: str = "") -> tuple[int, int]:
    reader = Reader(settings)
    ((rows, offsets),) = reader.query(f"SELECT count(), uniqExact(offset) FROM events {final}")
    reader.close()
    return rows, offsets


def test_a_column_left_out_gets_its_default(writer: Writer, reader: Reader) -> None:
    writer.insert("events", run_of_events(0), token=RUN)
    assert reader.query("SELECT DISTINCT type, item, price, isNaN(fraud_score) FROM events") == [("view", "", 0.0, 1)]


def test_rows_with_the_same_token_count_once(writer: Writer, settings: Settings) -> None:
    writer.insert("events", run_of_events(0), token=RUN)
    writer.insert("events", run_of_events(N_ROWS), token=RUN)
    writer.insert("events", run_of_events(N_ROWS), token=NEXT_RUN)
    assert count(settings) == (2 * N_ROWS, 2 * N_ROWS)


def test_one_insert_may_touch_any_number_of_months(writer: Writer, settings: Settings) -> None:
    month_ms = 31 * 86_400_000
    events = run_of_events(0) | {"ts": 1_000_000_000_000 + np.arange(N_ROWS) % 150 * month_ms}
    writer.insert("events", events, token=RUN)
    assert count(settings) == (N_ROWS, N_ROWS)


def test_no_rows_are_no_insert(writer: Writer, settings: Settings) -> None:
    writer.insert("events", {"offset": np.empty(0, np.int64), "event_id": []}, token=RUN)
    assert count(settings) == (0, 0)


def test_columns_of_different_length_write_nothing(writer: Writer, settings: Settings) -> None:
    with pytest.raises(ValueError, match="Column event_id holds 2 values, those before it 5000"):
        writer.insert("events", run_of_events(0) | {"event_id": ["a", "b"]}, token=RUN)
    assert count(settings) == (0, 0)


@pytest.mark.parametrize(
    ("table", "column", "message"),
    [
        ("events", "no_such", r"^ClickHouse at \S+, insert into events, code \d+, .*no_such"),
        ("nowhere", "offset", r"^ClickHouse at \S+, insert into nowhere, code 60, .*nowhere"),
    ],
)
def test_what_the_server_refuses_is_fatal_at_once(writer: Writer, table: str, column: str, message: str) -> None:
    with pytest.raises(Fatal, match=message) as raised:
        writer.insert(table, {column: np.arange(3)}, token=RUN)
    assert "\n" not in str(raised.value)


class TestOutage:
    """The server goes away and comes back."""

    @pytest.fixture
    def stack(self, tmp_path: Path) -> Iterator[LocalStack]:
        stack = LocalStack(tmp_path, members=("clickhouse",))
        stack.up()
        yield stack
        stack.down()

    @pytest.fixture
    def settings(self, stack: LocalStack) -> Settings:
        endpoints = stack.endpoints()
        assert endpoints
        url = f"clickhouse://default@{endpoints.clickhouse_host}:{endpoints.clickhouse_port}/default"
        settings = Settings(clickhouse=Secret(url), clickhouse_timeout_s=10, outage_deadline_s=30)
        migrate(settings)
        return settings

    @pytest.mark.faults
    def test_killed_in_mid_insert_every_row_is_there_once(self, stack: LocalStack, settings: Settings) -> None:
        done: list[int] = []
        over = threading.Event()

        def insert() -> None:
            writer = Writer(settings)
            while not over.is_set():
                first = len(done) * N_ROWS
                writer.insert("events", run_of_events(first), token=f"clicks-0-{first}-{first + N_ROWS - 1}")
                done.append(first)
            writer.close()

        thread = threading.Thread(target=insert)
        thread.start()
        member = stack.member("clickhouse")
        for pause_s in (0.5, 0.31, 0.47, 0.23):
            time.sleep(pause_s)  # so that each kill comes at another moment of an insert
            before = len(done)
            member.kill()
            member.restart()
            wait_until(lambda before=before: len(done) >= before + 2, 20, "inserts go on")
        over.set()
        thread.join(timeout=30)
        assert not thread.is_alive()
        n_rows = len(done) * N_ROWS
        assert n_rows > 8 * N_ROWS
        assert count(settings) == (n_rows, n_rows)

    @pytest.mark.faults
    def test_a_server_that_hangs_is_left_for_a_new_connection(self, stack: LocalStack, settings: Settings) -> None:
        writer = Writer(replace(settings, clickhouse_timeout_s=0.5))
        writer.insert("events", run_of_events(0), token=RUN)
        member = stack.member("clickhouse")
        member.stop()
        waker = threading.Timer(2, member.cont)
        waker.start()
        writer.insert("events", run_of_events(N_ROWS), token=NEXT_RUN)
        writer.close()
        waker.join()
        assert count(settings, "FINAL") == (2 * N_ROWS, 2 * N_ROWS)

    @pytest.mark.faults
    def test_an_outage_beyond_the_deadline_is_fatal(self, stack: LocalStack, settings: Settings) -> None:
        stack.member("clickhouse").kill()
        writer = Writer(replace(settings, outage_deadline_s=1))
        started = time.monotonic()
        with pytest.raises(
            Fatal, match=r"^ClickHouse at \S+, insert into events, gave up after 1 s: Connection refused"
        ):
            writer.insert("events", run_of_events(0), token=RUN)
        assert 1 <= time.monotonic() - started < 3

    @pytest.mark.faults
    def test_who_is_stopped_waits_no_longer(self, stack: LocalStack, settings: Settings) -> None:
        stack.member("clickhouse").kill()
        stop = threading.Event()
        writer = Writer(settings, stop=stop)
        timer = threading.Timer(0.5, stop.set)
        timer.start()
        started = time.monotonic()
        with pytest.raises(Retryable, match="stopped while waiting"):
            writer.insert("events", run_of_events(0), token=RUN)
        assert time.monotonic() - started < 2
        timer.join()
