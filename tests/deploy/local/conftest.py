"""One ClickHouse for all tests that don't hurt it, and clients of it that are closed again."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client

from deploy.local.stack import Endpoints, LocalStack

Connect = Callable[..., Client]


@pytest.fixture(scope="session")
def endpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    stack = LocalStack(tmp_path_factory.mktemp("clickhouse"), members=("clickhouse",))
    try:
        yield stack.up()
    finally:
        stack.down()


@pytest.fixture
def connect(endpoints: Endpoints) -> Iterator[Connect]:
    """Make clients: `connect(compression=True, settings={...})`."""
    clients: list[Client] = []

    def make(**options: Any) -> Client:
        options.setdefault("port", endpoints.clickhouse_port)
        clients.append(Client(endpoints.clickhouse_host, **options))
        return clients[-1]

    yield make
    for client in clients:
        client.disconnect()


@pytest.fixture(params=[False, True], ids=["plain", "lz4"])
def client(connect: Connect, request: pytest.FixtureRequest) -> Client:
    """A client without and with compression."""
    return connect(compression=request.param)


@pytest.fixture
def table(connect: Connect) -> Iterator[Callable[[str], None]]:
    """Make the table `t` of the columns given: `table("id UInt64, name String")`."""
    keeper = connect()

    def make(columns: str, order_by: str = "tuple()") -> None:
        keeper.execute(
            f"CREATE TABLE t ({columns}) ENGINE = MergeTree ORDER BY {order_by} "
            "SETTINGS non_replicated_deduplication_window = 100"
        )

    yield make
    keeper.execute("DROP TABLE IF EXISTS t SYNC")


@pytest.fixture
def stack_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder whose stack is ended with the test, whatever becomes of it."""
    yield tmp_path
    LocalStack(tmp_path).down()
