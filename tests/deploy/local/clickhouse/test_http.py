"""The HTTP interface, as curl and Grafana use it."""

import gzip
import json
import socket
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from urllib.parse import quote, urlencode

import pytest

from deploy.local.stack import Endpoints
from tests.waiting import wait_until

Ask = Callable[..., tuple[int, str, dict[str, str]]]


@pytest.fixture
def ask(endpoints: Endpoints) -> Iterator[Ask]:
    """`ask("POST", body, header={...}, url_parameter=...)`, all over one connection."""
    connection = HTTPConnection(endpoints.clickhouse_host, endpoints.http_port, timeout=10)

    def ask(
        method: str,
        body: str | bytes | Iterator[bytes] | None = None,
        headers: dict[str, str] | None = None,
        path: str = "/",
        **parameters: str,
    ) -> tuple[int, str, dict[str, str]]:
        chunked = body is not None and not isinstance(body, str | bytes)
        url = f"{path}?{urlencode(parameters)}" if parameters else path
        connection.request(method, url, body, headers or {}, encode_chunked=chunked)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), dict(answer.getheaders())

    yield ask
    connection.close()


def test_ping(ask: Ask) -> None:
    assert ask("GET", path="/ping")[:2] == (200, "Ok.\n")
    assert ask("GET")[:2] == (200, "Ok.\n")


def test_queries(ask: Ask) -> None:
    assert ask("GET", query="SELECT 1, 'a'")[:2] == (200, "1\ta\n")
    assert ask("POST", "SELECT 2")[:2] == (200, "2\n")
    assert ask("POST", "SELECT 3", query="/* beginning */")[:2] == (200, "3\n")
    assert ask("POST", query="SELECT 4")[:2] == (200, "4\n")


def test_formats(ask: Ask) -> None:
    _, printed, headers = ask("POST", "SELECT 1 AS a FORMAT JSON")
    assert json.loads(printed)["data"] == [{"a": 1}]
    assert headers["X-ClickHouse-Query-Id"]
    _, printed, headers = ask("POST", "SELECT 1 AS a", default_format="JSONEachRow")
    assert (json.loads(printed), headers["X-ClickHouse-Format"]) == ({"a": 1}, "JSONEachRow")


def test_parameters_and_settings(ask: Ask) -> None:
    sql = "SELECT {text:String}, {n:UInt8}"
    assert ask("GET", query=sql, param_text="it's", param_n="3")[1] == "it\\'s\t3\n"
    assert ask("GET", query="SELECT getSetting('max_block_size')", max_block_size="77")[1] == "77\n"
    assert ask("GET", query="SELECT getSetting('max_block_size') = 77")[1] == "0\n"
    assert ask("GET", query="SELECT 1", no_such_setting="1")[0] == 400


def test_errors(ask: Ask) -> None:
    for sql, status, code in (
        ("SELEC 1", 400, "62"),
        ("SELECT * FROM nowhere", 404, "60"),
        ("SELECT throwIf(1)", 500, "395"),
    ):
        answered, text, headers = ask("POST", sql)
        assert (answered, headers["X-ClickHouse-Exception-Code"]) == (status, code)
        assert text.startswith(f"Code: {code}. DB::Exception: ")
    assert ask("GET", query="CREATE TABLE x (a UInt8) ENGINE = Memory")[0] == 403
    assert ask("GET", query="SELECT 1", database="no_such_database")[0] == 404


@pytest.mark.parametrize("user", ["other", "default"])
def test_a_wrong_account_is_refused(ask: Ask, user: str) -> None:
    headers = {"X-ClickHouse-User": user, "X-ClickHouse-Key": "wrong"}
    assert ask("POST", "SELECT 1", headers)[0] == 403
    assert ask("POST", "SELECT 1", {"Authorization": "Basic ZGVmYXVsdDp3cm9uZw=="})[0] == 403
    assert ask("POST", "SELECT 1", {"Authorization": "Basic ZGVmYXVsdDo="})[0] == 200


def test_inserts(ask: Ask, table: Callable[[str], None]) -> None:
    table("a UInt64, b String")
    rows = '{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n'
    into = "INSERT INTO t FORMAT JSONEachRow"
    assert ask("POST", rows, query=into)[:2] == (200, "")
    assert ask("POST", iter([b"3,z\n4", b",zz\n"]), query="INSERT INTO t (a, b) FORMAT CSV")[0] == 200
    assert ask("POST", "(5, 'v')", query="INSERT INTO t VALUES")[0] == 200
    assert ask("POST", "INSERT INTO t VALUES (6, 'w')")[0] == 200
    assert (
        ask("POST", gzip.compress(b"7\tgz\n"), {"Content-Encoding": "gzip"}, query="INSERT INTO t FORMAT TSV")[0] == 200
    )
    assert ask("GET", query="SELECT arrayStringConcat(groupArray(b), ' ') FROM (SELECT b FROM t ORDER BY a)")[1] == (
        "x y z zz v w gz\n"
    )
    assert ask("POST", "nonsense", query=into)[0] == 400
    assert ask("GET", query="SELECT count() FROM t")[1] == "7\n"


def test_a_client_that_leaves_amid_its_rows_leaves_nothing(
    endpoints: Endpoints, ask: Ask, table: Callable[[str], None]
) -> None:
    table("a UInt64")
    into = quote("INSERT INTO t FORMAT CSV")
    for head in (b"Content-Length: 100\r\n\r\n1\n2\n", b"Transfer-Encoding: chunked\r\n\r\n4\r\n1\n2\n\r\n"):
        with socket.create_connection((endpoints.clickhouse_host, endpoints.http_port), timeout=10) as leaving:
            leaving.sendall(b"POST /?query=" + into.encode() + b" HTTP/1.1\r\nHost: x\r\n" + head)
            leaving.shutdown(socket.SHUT_WR)
            assert leaving.recv(1) == b""  # the server has left, too, without an answer
    assert ask("GET", query="SELECT count() FROM t")[1] == "0\n"


def test_a_client_that_leaves_stops_its_query(endpoints: Endpoints, ask: Ask) -> None:
    def running() -> str:
        sql = "SELECT count() FROM system.processes WHERE query LIKE '%999999999999%' AND query NOT LIKE '%proc%'"
        return ask("GET", query=sql)[1]

    leaving = HTTPConnection(endpoints.clickhouse_host, endpoints.http_port, timeout=10)
    leaving.request("POST", "/", "SELECT sum(sipHash64(number)) FROM numbers(999999999999)")
    wait_until(lambda: running() == "1\n", 5, "the query runs")
    leaving.close()
    wait_until(lambda: running() == "0\n", 5, "the query is stopped")
