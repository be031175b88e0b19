from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from models.catalogue import CHURN, ModelSpec
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.learner.rounds import LearnerRounds, learner_rounds
from streams.settings import Secret, Settings
from tests.streams.learner.planted import Planted, Start


@pytest.fixture
def keyed(settings: Settings) -> Settings:
    """Settings with a key for snapshots, and no allowance for late events."""
    return replace(settings, model_key=Secret("a key of the tests"), max_ahead_s=0.0)


@pytest.fixture
def planted(writer: Writer, reader: Reader) -> Planted:
    return Planted(writer, reader)


@pytest.fixture
def start(keyed: Settings) -> Iterator[Start]:
    """Starts a learner as a new process would: ``start(CHURN, lateness_ms=.., batch_examples=..)``."""

    running: list[LearnerRounds] = []
    clock = count(1_800_000_000_000)

    def started(
        spec: ModelSpec = CHURN, *, lateness_ms: int = 0, batch_examples: int = 5_000, **changes: Any
    ) -> LearnerRounds:
        settings = replace(keyed, max_ahead_s=lateness_ms / 1000, **changes)
        rounds = learner_rounds(spec, settings, clock_ms=clock.__next__, batch_examples=batch_examples)
        running.append(rounds)
        return rounds

    yield started
    for rounds in running:
        rounds.close()
