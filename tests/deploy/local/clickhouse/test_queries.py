"""SELECTs and all that returns rows, through clickhouse-driver."""

import socket
import threading
from collections.abc import Callable

import numpy as np
import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from tests.waiting import wait_until

LONG = "SELECT sum(sipHash64(number)) FROM numbers(1000000000000)"


def running(client: Client, fragment: str) -> int:
    sql = "SELECT count() FROM system.processes WHERE query LIKE %(like)s AND query NOT LIKE '%%processes%%'"
    return int(client.execute(sql, {"like": f"%{fragment}%"})[0][0])


def test_hello_tells_the_engines_version(connect: Callable[..., Client]) -> None:
    client = connect()
    version = client.execute("SELECT version()")[0][0]
    server = client.connection.server_info
    assert version.startswith(".".join(map(str, server.version_tuple())))
    assert server.get_timezone() == client.execute("SELECT timezone()")[0][0]


def test_columns_and_types_come_with_rows_and_without(client: Client) -> None:
    described = [("a", "UInt8"), ("b", "Array(String)")]
    assert client.execute("SELECT 1 AS a, ['x'] AS b", with_column_types=True) == ([(1, ["x"])], described)
    assert client.execute("SELECT 1 AS a, ['x'] AS b WHERE 0", with_column_types=True) == ([], described)


def test_columnar(client: Client) -> None:
    columns = client.execute("SELECT number, toString(number) FROM numbers(200000)", columnar=True)
    assert columns[0] == tuple(range(200_000))
    assert columns[1][-1] == "199999"


def test_numpy(connect: Callable[..., Client]) -> None:
    client = connect(settings={"use_numpy": True})
    sql = "SELECT number, number / 2, toString(number), toLowCardinality(toString(number % 3)) FROM numbers(100000)"
    ids, halves, texts, few = client.execute(sql, columnar=True)
    assert ids.dtype == np.uint64
    np.testing.assert_array_equal(halves, np.arange(100_000) / 2)
    assert (texts[7], list(few[:4])) == ("7", ["0", "1", "2", "0"])


def test_a_result_is_streamed(client: Client) -> None:
    rows = client.execute_iter("SELECT number FROM system.numbers LIMIT 1000000000")
    assert [next(rows)[0] for _ in range(100_000)] == list(range(100_000))
    client.disconnect()


def test_max_block_size_is_a_setting_of_one_query(connect: Callable[..., Client]) -> None:
    client = connect(settings={"max_threads": 1})
    sql = "SELECT max(b) FROM (SELECT blockSize() AS b FROM numbers(10000))"
    assert client.execute(sql, settings={"max_block_size": 100}) == [(100,)]
    assert client.execute(sql) == [(10_000,)]
    assert client.execute("SELECT getSetting('max_threads')") == [(1,)]


def test_unknown_settings(connect: Callable[..., Client]) -> None:
    assert connect(settings={"no_such_setting": 1}).execute("SELECT 1") == [(1,)]
    with pytest.raises(ServerException) as raised:
        connect(settings={"no_such_setting": 1}, settings_is_important=True).execute("SELECT 1")
    assert raised.value.code == 115


def test_parameters_are_substituted(client: Client) -> None:
    values = {"text": "it's \\ 'quoted'", "ids": [1, 2], "nothing": None}
    assert client.execute("SELECT %(text)s, %(ids)s, %(nothing)s", values) == [(values["text"], [1, 2], None)]


@pytest.mark.parametrize(
    ("sql", "code", "message"),
    [
        ("SELECT * FROM no_such_table", 60, "no_such_table"),
        ("SELEC 1", 62, "Syntax error"),
        ("SELECT no_such_function(1)", 46, "no_such_function"),
        ("SELECT throwIf(number = 150000) FROM numbers(200000)", 395, "throwIf"),
        ("SELECT 1; SELECT 2", 62, "Multi-statements"),
        ("CREATE TABLE x (a NoSuchType) ENGINE = Memory", 50, "NoSuchType"),
    ],
)
def test_errors_carry_the_engines_code(client: Client, sql: str, code: int, message: str) -> None:
    with pytest.raises(ServerException, match=message) as raised:
        client.execute(sql)
    assert raised.value.code == code
    assert client.execute("SELECT 1") == [(1,)]


def test_statements_that_are_no_select(client: Client, table: Callable[..., None]) -> None:
    table("a UInt8")
    assert client.execute("SHOW TABLES LIKE 't'") == [("t",)]
    assert client.execute("EXISTS TABLE t") == [(1,)]
    assert client.execute("DESCRIBE TABLE t")[0][:2] == ("a", "UInt8")
    assert client.execute("ALTER TABLE t ADD COLUMN b String") == []
    assert client.execute("INSERT INTO t VALUES", [(1, "x")]) == 1  # the new column is known at once
    assert client.execute("EXPLAIN SELECT 1")
    assert client.execute("WITH 2 AS two SELECT two /* a comment */ -- and one more\n;") == [(2,)]
    assert client.execute("/* first */ SELECT 3 FORMAT JSON") == [(3,)]


def test_databases(connect: Callable[..., Client]) -> None:
    connect().execute("CREATE DATABASE IF NOT EXISTS other")
    client = connect(database="other")
    client.execute("CREATE TABLE inside (a UInt8) ENGINE = Memory")
    client.execute("INSERT INTO inside VALUES", [(1,)])
    assert connect().execute("SELECT * FROM other.inside") == [(1,)]
    client.execute("DROP DATABASE other SYNC")
    with pytest.raises(ServerException) as raised:
        connect(database="no_such_database").execute("SELECT 1")
    assert raised.value.code == 81


def test_external_tables(client: Client) -> None:
    ids = {"name": "ids", "structure": [("id", "UInt64"), ("tags", "Array(String)")]}
    data = [{"id": 2, "tags": ["x"]}, {"id": 5, "tags": []}]
    sql = "SELECT number, tags FROM numbers(10) AS n JOIN ids ON n.number = ids.id ORDER BY number"
    assert client.execute(sql, external_tables=[{**ids, "data": data}]) == [(2, ["x"]), (5, [])]
    with pytest.raises(ServerException) as raised:
        client.execute("SELECT * FROM ids")
    assert raised.value.code == 60


def test_progress_and_profile(client: Client) -> None:
    progress = client.execute_with_progress("SELECT number FROM numbers(200000)")
    assert [rows for rows, _ in progress][-1] == 200_000
    assert len(progress.get_result()) == 200_000
    assert client.last_query.profile_info.rows == 200_000


def test_several_clients_at_once(connect: Callable[..., Client]) -> None:
    totals: list[int] = []

    def work(number: int) -> None:
        client = connect(compression=number % 2 == 0)
        for _ in range(20):
            totals.append(client.execute(f"SELECT sum(number) + {number} FROM numbers(10000)")[0][0] - number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert totals == [49_995_000] * 160


def test_long_queries_run_side_by_side(connect: Callable[..., Client]) -> None:
    sleeper = threading.Thread(target=connect().execute, args=("SELECT sleep(2)",))
    sleeper.start()
    assert connect().execute("SELECT 1") == [(1,)]
    assert sleeper.is_alive()
    sleeper.join()


def test_a_client_that_leaves_stops_its_query(connect: Callable[..., Client]) -> None:
    leaving, watching = connect(), connect()
    leaving.connection.force_connect()
    leaving.connection.send_query(LONG)
    leaving.connection.send_external_tables([])
    wait_until(lambda: running(watching, "1000000000000") == 1, 5, "the query runs")
    leaving.disconnect()
    wait_until(lambda: running(watching, "1000000000000") == 0, 5, "the query is stopped")


def test_a_client_that_leaves_amid_the_rows_stops_its_query(connect: Callable[..., Client]) -> None:
    leaving, watching = connect(), connect()
    rows = leaving.execute_iter("SELECT number, 'endless' FROM system.numbers")
    next(rows)
    assert running(watching, "endless") == 1
    leaving.disconnect()
    wait_until(lambda: running(watching, "endless") == 0, 5, "the query is stopped")


def test_cancel(connect: Callable[..., Client]) -> None:
    client, watching = connect(), connect()
    rows = client.execute_iter("SELECT number FROM system.numbers")
    next(rows)
    client.cancel()
    assert client.execute("SELECT 1") == [(1,)]
    for runs in (False, True):  # together with the query, and while it runs
        client.connection.force_connect()
        client.connection.send_query(LONG)
        client.connection.send_external_tables([])
        if runs:
            wait_until(lambda: running(watching, "1000000000000") == 1, 5, "the query runs")
        client.cancel()
        assert client.execute("SELECT 2") == [(2,)]


def test_a_query_is_killed_by_its_id(connect: Callable[..., Client]) -> None:
    client, killer = connect(), connect()
    codes: list[int] = []

    def run() -> None:
        try:
            client.execute(LONG, query_id="the slow one")
        except ServerException as error:
            codes.append(error.code)

    thread = threading.Thread(target=run)
    thread.start()
    wait_until(lambda: running(killer, "1000000000000") == 1, 5, "the query runs")
    killer.execute("KILL QUERY WHERE query_id = 'the slow one' SYNC")
    thread.join(timeout=5)
    assert codes == [394]


def test_a_peer_that_speaks_otherwise_does_no_harm(connect: Callable[..., Client]) -> None:
    port = connect().connection.hosts[0][1]
    for bytes_sent in (b"GET / HTTP/1.1\r\n\r\n", b"\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", b"\x00"):
        with socket.create_connection(("127.0.0.1", port)) as peer:
            peer.sendall(bytes_sent)
    assert connect().execute("SELECT 1") == [(1,)]
