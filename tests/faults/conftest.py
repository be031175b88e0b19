"""Stacks for fault tests: one a broker and run, and scenes on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.stack import LocalStack
from tests.apache_kafka import IS_THERE
from tests.faults.scene import Scene, Site

LONG_KILLS = 30


def pytest_addoption(parser: pytest.Parser) -> None:
    """Known where tests/faults stands on the command line."""
    parser.addoption("--faults-long", action="store_true", help=f"the long storm too: {LONG_KILLS} kills a broker")
    parser.addoption("--faults-seed", type=int, help="draws loads and storms; a failure prints its own")


@pytest.fixture(scope="session")
def seed(pytestconfig: pytest.Config) -> int:
    given = pytestconfig.getoption("--faults-seed", default=None)
    return 1 if given is None else int(given)


@pytest.fixture(scope="session")
def is_long(pytestconfig: pytest.Config) -> bool:
    return bool(pytestconfig.getoption("--faults-long", default=False))


@pytest.fixture
def long_kills(is_long: bool) -> int:
    """How many workers the long storm kills."""
    if not is_long:
        pytest.skip("the long storm: make faults")
    return LONG_KILLS


def _site(folder: Path, home: Path | None, *, session_timeout_s: float) -> Iterator[Site]:
    stack = LocalStack(folder, home)
    try:
        yield Site("kafka" if home else "tansu", stack, stack.up(), session_timeout_s)
    finally:
        stack.down()


@pytest.fixture(scope="session")
def tansu(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yield from _site(tmp_path_factory.mktemp("tansu"), None, session_timeout_s=3.0)


@pytest.fixture(scope="session")
def apache_kafka(tmp_path_factory: pytest.TempPathFactory, kafka_home: Path) -> Iterator[Site]:
    # Kafka refuses shorter sessions.
    yield from _site(tmp_path_factory.mktemp("kafka"), kafka_home, session_timeout_s=6.0)


@pytest.fixture(params=["tansu", "apache_kafka"])
def site(request: pytest.FixtureRequest, is_long: bool) -> Site:
    if request.param == "tansu" and IS_THERE and not is_long:
        pytest.skip("on Apache Kafka only; on both: make faults")
    found: Site = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def scene_on(tmp_path: Path, seed: int) -> Callable[..., Scene]:
    """Makes scenes, with changes of their settings."""
    return lambda site, **changes: Scene(site, tmp_path, seed=seed, **changes)
