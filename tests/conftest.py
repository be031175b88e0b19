"""Servers that tests share: each is started once a run, by the first test that asks for it. And fresh machine code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from clickhouse_driver import Client
from hypothesis import settings as hypothesis_settings

from deploy.local.stack import LocalStack
from streams.clickhouse.migrate import migrate
from streams.settings import Secret, Settings
from tests import apache_kafka
from tests.databases import Databases

REPOSITORY = Path(__file__).parents[1]

# The first example of a law may wait for the compiler.
hypothesis_settings.register_profile("footfall", deadline=None)
hypothesis_settings.load_profile("footfall")


COMPILED_FROM = {
    "schemas": ("schemas",),
    "models": ("models", "schemas"),
    "streams": ("streams", "models", "schemas"),
    "deploy": ("deploy",),
}
"""By folder, where its compiled functions and what they take from other files stand: imports run one way."""


def pytest_configure(config: pytest.Config) -> None:
    """Removes numba's cached code where a source is newer: numba misses changes of what it took from other files."""
    if hasattr(config, "workerinput"):  # of several processes the first has done it
        return
    changed = {
        folder: max(source.stat().st_mtime for source in (REPOSITORY / folder).rglob("*.py"))
        for folder in COMPILED_FROM
    }
    for folder, sources in COMPILED_FROM.items():
        newest = max(changed[source] for source in sources)
        for cached in (REPOSITORY / folder).rglob("*.nb[ic]"):
            if cached.stat().st_mtime < newest:
                cached.unlink(missing_ok=True)


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """Host and port of the engine."""
    stack = LocalStack(tmp_path_factory.mktemp("clickhouse"), members=("clickhouse",))
    endpoints = stack.up()
    yield endpoints.clickhouse_host, endpoints.clickhouse_port
    stack.down()


@pytest.fixture(scope="session")
def kafka_home() -> Path:
    if not apache_kafka.IS_THERE:
        pytest.skip(apache_kafka.WHY_NOT)
    return apache_kafka.KAFKA_HOME


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap servers of a broker in memory."""
    stack = LocalStack(tmp_path_factory.mktemp("kafka"), members=("broker",))
    yield stack.up().kafka
    stack.down()


@contextmanager
def new_database(clickhouse: tuple[str, int]) -> Iterator[str]:
    """URL of a database that is there until the end, empty."""
    host, port = clickhouse
    name = f"test_{uuid4().hex[:12]}"
    with Client(host, port) as client:
        client.execute(f"CREATE DATABASE {name}")
    yield f"clickhouse://default@{host}:{port}/{name}"
    with Client(host, port) as client:
        client.execute(f"DROP DATABASE {name}")


@pytest.fixture
def database(clickhouse: tuple[str, int]) -> Iterator[str]:
    """URL of a database of the test's own, empty."""
    with new_database(clickhouse) as url:
        yield url


@pytest.fixture(scope="session")
def databases(clickhouse: tuple[str, int]) -> Iterator[Databases]:
    made = Databases(*clickhouse)
    yield made
    made.close()


def settings_at(url: str) -> Settings:
    """Of a database; a fault lasts at most 20 s."""
    return Settings(clickhouse=Secret(url), clickhouse_timeout_s=10, outage_deadline_s=20)


def migrated(url: str) -> Settings:
    """Settings of a database that has its tables then."""
    settings = settings_at(url)
    migrate(settings)
    return settings


@pytest.fixture
def settings(databases: Databases) -> Iterator[Settings]:
    """Settings with a migrated database of the test's own."""
    name = databases.take()
    yield settings_at(databases.url(name))
    databases.give_back(name)
