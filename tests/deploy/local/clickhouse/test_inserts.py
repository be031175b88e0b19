"""INSERTs through clickhouse-driver."""

import socket
import threading
from collections.abc import Callable

import numpy as np
import pytest
from clickhouse_driver import Client
from clickhouse_driver.block import ColumnOrientedBlock
from clickhouse_driver.errors import ServerException, TypeMismatchError

ROWS = [(number, f"name {number}") for number in range(1000)]


@pytest.fixture
def names(table: Callable[..., None]) -> None:
    table("id UInt64, name String", order_by="id")


def count(client: Client) -> int:
    return int(client.execute("SELECT count() FROM t")[0][0])


def insert(client: Client, **options: object) -> None:
    client.execute("INSERT INTO t VALUES", ROWS, **options)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO t VALUES",
        "insert into t (id, name) values",
        "INSERT INTO default.t (`id`, name) FORMAT Native",
        "INSERT INTO t (*) VALUES",
        "/* why */ INSERT INTO `t`(name,id) SETTINGS max_threads = 1 VALUES",
        "INSERT INTO t",
    ],
)
def test_rows(client: Client, names: None, statement: str) -> None:
    rows = [(name, number) for number, name in ROWS] if "(name,id)" in statement else ROWS
    assert client.execute(statement, rows) == 1000
    assert client.execute("SELECT * FROM t ORDER BY id") == ROWS


def test_dicts(client: Client, names: None) -> None:
    client.execute("INSERT INTO t (id, name) VALUES", [{"name": "a", "id": 1}, {"id": 2, "name": "b"}])
    assert client.execute("SELECT * FROM t ORDER BY id") == [(1, "a"), (2, "b")]


def test_columnar(client: Client, names: None) -> None:
    client.execute("INSERT INTO t VALUES", [list(column) for column in zip(*ROWS, strict=True)], columnar=True)
    assert client.execute("SELECT * FROM t ORDER BY id") == ROWS


@pytest.mark.parametrize("compression", [False, "lz4"])
def test_numpy(connect: Callable[..., Client], table: Callable[..., None], compression: bool | str) -> None:
    table("id UInt64, score Float32, name String, kind LowCardinality(String), at DateTime64(3, 'UTC')")
    client = connect(settings={"use_numpy": True}, compression=compression)
    ids = np.arange(5000, dtype=np.uint64)
    texts = np.array([f"name {number}" for number in ids], dtype=object)
    kinds = np.array(["click", "cart"] * 2500, dtype=object)
    times = np.datetime64("2026-11-22T16:00:00.123", "ns") + ids.astype("timedelta64[s]")
    client.execute("INSERT INTO t VALUES", [ids, ids.astype(np.float32) / 4, texts, kinds, times], columnar=True)
    read = client.execute("SELECT id, score, name, kind FROM t ORDER BY id", columnar=True)
    np.testing.assert_array_equal(read[0], ids)
    np.testing.assert_array_equal(read[1], ids.astype(np.float32) / 4)
    assert (list(read[2][:2]), list(read[3][:2])) == (["name 0", "name 1"], ["click", "cart"])
    assert connect().execute("SELECT toString(max(at)) FROM t") == [("2026-11-22 17:23:19.123",)]


def test_several_blocks_are_one_part(client: Client, names: None) -> None:
    insert(client, settings={"insert_block_size": 100})
    assert count(client) == 1000
    sql = "SELECT count(), sum(rows) FROM system.parts WHERE table = 't' AND active"
    assert client.execute(sql) == [(1, 1000)]


def test_no_rows(client: Client, names: None) -> None:
    assert client.execute("INSERT INTO t VALUES", []) == 0
    assert count(client) == 0


def test_values_in_the_text_and_select(client: Client, names: None) -> None:
    client.execute("INSERT INTO t VALUES (1, 'a'), (2, 'it''s')")
    client.execute("INSERT INTO t (id, name) SELECT id + 10, name FROM t")
    client.execute('INSERT INTO t FORMAT JSONEachRow {"id": 20, "name": "c"}')
    ids = [1, 2, 11, 12, 20]
    assert [row[0] for row in client.execute("SELECT id FROM t ORDER BY id")] == ids


def test_a_token_makes_a_batch_count_once(client: Client, names: None) -> None:
    for token, expected in (("clicks-0-0-999", 1000), ("clicks-0-0-999", 1000), ("clicks-0-1000-1999", 2000)):
        insert(client, settings={"insert_deduplication_token": token})
        assert count(client) == expected
    # Without a token the engine compares the rows themselves.
    client.execute("INSERT INTO t VALUES", [(1, "new")])
    assert count(client) == 2001
    for _ in range(2):
        client.execute("INSERT INTO t SETTINGS insert_deduplication_token = 'in the text' VALUES", [(2, "new")])
    assert count(client) == 2002


def test_errors_before_the_rows(client: Client, names: None) -> None:
    for statement, code in (("INSERT INTO nowhere VALUES", 60), ("INSERT INTO t (id, nothing) VALUES", 16)):
        with pytest.raises(ServerException) as raised:
            client.execute(statement, ROWS)
        assert raised.value.code == code
    insert(client)
    assert count(client) == 1000


def test_an_error_amid_the_rows(client: Client, table: Callable[..., None]) -> None:
    table("id UInt64, CONSTRAINT small CHECK id < 500")
    with pytest.raises(ServerException, match="small") as raised:
        client.execute("INSERT INTO t VALUES", [(number,) for number in range(200_000)])
    assert raised.value.code == 469
    assert count(client) == 0


def test_rows_of_a_wrong_type_leave_nothing(client: Client, names: None) -> None:
    with pytest.raises(TypeMismatchError):
        client.execute("INSERT INTO t VALUES", [(1, "a"), ("two", "b")])
    assert count(client) == 0


def test_a_client_that_leaves_amid_the_rows_leaves_nothing(connect: Callable[..., Client], names: None) -> None:
    leaving, other = connect(), connect()
    leaving.connection.force_connect()
    leaving.connection.send_query("INSERT INTO t VALUES")
    leaving.connection.send_external_tables([])
    columns = leaving.receive_sample_block().columns_with_types
    data = [list(column) for column in zip(*ROWS, strict=True)]
    leaving.connection.send_data(ColumnOrientedBlock(columns, data))
    leaving.connection.socket.shutdown(socket.SHUT_WR)
    while leaving.connection.socket.recv(4096):  # until the server has left, too
        pass
    assert count(other) == 0
    insert(other)
    assert count(other) == 1000
    other.execute("DROP TABLE t SYNC")  # nobody holds it any more


def test_inserts_side_by_side(connect: Callable[..., Client], names: None) -> None:
    threads = [
        threading.Thread(target=insert, args=(connect(),), kwargs={"settings": token})
        for token in ({"insert_deduplication_token": str(number)} for number in range(6))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(connect()) == 6000


def test_the_second_server_thread_sees_what_was_acknowledged(connect: Callable[..., Client], names: None) -> None:
    writer, reader = connect(), connect()
    for number in range(20):
        writer.execute("INSERT INTO t VALUES", [(number, "x")])
        assert count(reader) == number + 1


def test_columns_of_any_name(client: Client, table: Callable[..., None]) -> None:
    table("`a, (b` UInt8, `c d` String, `e.f` Array(UInt8)")
    client.execute("INSERT INTO t (`c d`, `a, (b`, e.f) VALUES", [("x", 1, [2])])
    assert client.execute("SELECT `a, (b`, `c d`, e.f FROM t") == [(1, "x", [2])]


def test_temporary_tables_of_one_name(connect: Callable[..., Client], names: None) -> None:
    for columns, row in (("a UInt8", (1,)), ("b String, c Int8", ("x", 2)), ("a UInt8", (3,))):
        client = connect()
        client.execute(f"CREATE TEMPORARY TABLE t ({columns})")
        client.execute("INSERT INTO t VALUES", [row])
        assert client.execute("SELECT * FROM t") == [row]
    insert(other := connect())
    assert count(other) == 1000
