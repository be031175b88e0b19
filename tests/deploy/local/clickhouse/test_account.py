"""A server with a user and a password."""

import hmac
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from deploy.local.child import Child
from deploy.local.clickhouse.account import Account, Accounts
from deploy.local.clickhouse.errors import EngineError
from deploy.local.kafka_probe import names_a_broker
from deploy.local.ports import HOST, free_ports, is_free
from tests.waiting import wait_until


@pytest.fixture
def guarded_port(tmp_path: Path) -> Iterator[int]:
    tcp_port, http_port = free_ports(2)
    where = ["--data", str(tmp_path / "data"), "--tcp-port", str(tcp_port), "--http-port", str(http_port)]
    command = [sys.executable, "-m", "deploy.local.clickhouse", *where, "--user", "analyst"]
    with Child(command, {"CLICKHOUSE_PASSWORD": "s3cret"}, tmp_path / "log") as server:
        wait_until(lambda: not server.running or not is_free(tcp_port), 30, "the server listens")
        server.check()
        yield tcp_port
        server.end()


def test_only_the_right_account_is_admitted(guarded_port: int) -> None:
    with Client(HOST, guarded_port, user="analyst", password="s3cret") as client:  # noqa: S106
        assert client.execute("SELECT 1") == [(1,)]
    for user, password in (("analyst", "wrong"), ("default", ""), ("analyst", "")):
        client = Client(HOST, guarded_port, user=user, password=password)
        with pytest.raises(ServerException) as raised:
            client.execute("SELECT 1")
        assert raised.value.code == 516
        client.disconnect()
    assert not names_a_broker(HOST, guarded_port)


def test_a_password_is_not_shown() -> None:
    assert "s3cret" not in repr(Account(user="a", password="s3cret"))  # noqa: S106


@pytest.mark.parametrize(("user", "password"), [("analyst", "wrong"), ("nobody", "s3cret"), ("nobody", ""), ("", "")])
def test_a_refusal_takes_as_many_comparisons_whatever_is_wrong(
    user: str, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = Accounts([Account(user="analyst", password="s3cret"), Account(user="worker", password="an0ther")])  # noqa: S106
    compared = []

    def compare(left: bytes, right: bytes) -> bool:
        compared.append((len(left), len(right)))
        return left == right

    monkeypatch.setattr(hmac, "compare_digest", compare)
    with pytest.raises(EngineError):
        accounts.admit(user, password)
    assert compared == [(32, 32)] * 4
