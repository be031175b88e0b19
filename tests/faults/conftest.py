"""Stacks for fault tests: one a broker and run, and scenes on them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.stack import LocalStack
from tests.faults.fleet import REPOSITORY
from tests.faults.scene import Scene, Site

SEED = int(os.environ.get("FAULTS_SEED", "1"))


def _kafka_home() -> Path | None:
    given = os.environ.get("KAFKA_HOME")
    home = Path(given) if given else REPOSITORY.parent / "shared" / "kafka"
    return home if home.is_dir() else None


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
def apache_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = _kafka_home()
    if home is None:
        pytest.skip("KAFKA_HOME names no Apache Kafka")
    # Kafka refuses shorter sessions.
    yield from _site(tmp_path_factory.mktemp("kafka"), home, session_timeout_s=6.0)


@pytest.fixture(params=["tansu", "apache_kafka"])
def site(request: pytest.FixtureRequest) -> Site:
    found: Site = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def scene_on(tmp_path: Path) -> Iterator[Callable[..., Scene]]:
    """Makes scenes; their seed is ``FAULTS_SEED`` unless given."""
    yield lambda site, **changes: Scene(site, tmp_path, **({"seed": SEED} | changes))
