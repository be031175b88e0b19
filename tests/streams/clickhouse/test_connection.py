from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator

import pytest

from deploy.local.child import Child
from streams.clickhouse.connection import connect
from streams.clickhouse.reader import Reader
from streams.errors import Fatal, SettingError
from streams.settings import Secret, Settings
from tests.waiting import wait_until

PASSWORD = "dont-print-me"  # noqa: S105 - that is what is tested


def answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Port of a server that wants a password."""
    with socket.create_server(("127.0.0.1", 0)) as probe, socket.create_server(("127.0.0.1", 0)) as other:
        tcp_port, http_port = (taken.getsockname()[1] for taken in (probe, other))
    folder = tmp_path_factory.mktemp("guarded")
    where = ["--data", str(folder / "data"), "--tcp-port", str(tcp_port), "--http-port", str(http_port)]
    command = [sys.executable, "-m", "deploy.local.clickhouse", *where]
    with Child(command, {"CLICKHOUSE_PASSWORD": PASSWORD}, folder / "log") as server:
        wait_until(lambda: not server.running or answers(tcp_port), 30, "the server listens")
        server.check()
        yield tcp_port
        server.end()


def asked(url: str) -> list[tuple[int]]:
    reader = Reader(Settings(clickhouse=Secret(url), outage_deadline_s=1, clickhouse_timeout_s=5))
    try:
        return reader.query("SELECT 1")
    finally:
        reader.close()


def test_the_right_password_opens(guarded: int) -> None:
    assert asked(f"clickhouse://default:{PASSWORD}@127.0.0.1:{guarded}/default") == [(1,)]


def test_a_wrong_password_is_one_line_without_it(guarded: int, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Fatal) as raised:
        asked(f"clickhouse://default:wrong-{PASSWORD}@127.0.0.1:{guarded}/default")
    message = str(raised.value)
    assert message.startswith(f"ClickHouse at 127.0.0.1:{guarded}, query, code 516, default: Authentication failed")
    assert "\n" not in message
    assert PASSWORD not in message + caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:9000",
        f"http://default:{PASSWORD}@127.0.0.1:8123",
        f"clickhouse://default:{PASSWORD}/x@127.0.0.1:9000",
        f"clickhouse://default:{PASSWORD}[@127.0.0.1:9000",
        f"clickhouse://default@127.0.0.1:{PASSWORD}",
        f"clickhouse://default@127.0.0.1:9000?connect_timeout={PASSWORD}",
        f"clickhouse://default:{PASSWORD}@127.0.0.1:9000/?ssl_version={PASSWORD}",
    ],
)
def test_a_url_that_cant_be_read_isnt_shown(url: str) -> None:
    with pytest.raises(SettingError, match=r"^FOOTFALL_CLICKHOUSE") as raised:
        connect(Settings(clickhouse=Secret(url)))
    assert PASSWORD not in str(raised.value)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_a_url_says_everything() -> None:
    url = "clickhouses://me:p%40ss@example.org:9441/shop?verify=false&insert_quorum=auto"
    client = connect(Settings(clickhouse=Secret(url), clickhouse_timeout_s=7, clickhouse_compression="lz4"))
    connection = client.connection
    assert connection.secure_socket
    assert not connection.verify_cert
    assert (connection.user, connection.password, connection.database) == ("me", "p@ss", "shop")
    assert connection.hosts[0] == ("example.org", 9441)
    assert connection.send_receive_timeout == connection.connect_timeout == 7
    assert client.settings == {"insert_quorum": "auto"}


def test_compression_without_its_package_says_what_is_missing() -> None:
    with pytest.raises(
        SettingError, match=r"FOOTFALL_CLICKHOUSE_COMPRESSION is zstd, which needs .* clickhouse-driver\[zstd\]"
    ):
        connect(Settings(clickhouse_compression="zstd"))


def test_the_port_of_http_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            client, _ = server.accept()
            with client:
                client.recv(1000)
                client.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(Fatal, match="not ClickHouse's native protocol; is the port that of HTTP or of TLS"):
            asked(f"clickhouse://127.0.0.1:{server.getsockname()[1]}/default")
        thread.join()
