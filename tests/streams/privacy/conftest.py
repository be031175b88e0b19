"""Settings of workers that raise alerts from the start, and a tiny text model's engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from models.catalogue import MODELS
from models.scoring import SCORED, Scores
from models.text.checkpoint import load, save
from models.text.engine import TextEngine
from streams.settings import Secret, Settings
from streams.worker.scorers import PolledScorers
from tests.faults.worker_process import Suspicious
from tests.models.text.tiny import tiny_model


class SuspectsAll(Suspicious):
    """Each event is an alert."""

    def score(self, features: npt.NDArray[np.float32]) -> Scores:
        n = len(features)
        return Scores(np.full(n, SCORED, np.uint8), np.full(n, 0.99, np.float32), "suspects all")


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TextEngine]:
    folder: Path = tmp_path_factory.mktemp("text") / "tiny"
    save(tiny_model(), folder, name="tiny")
    engine = TextEngine(load(folder), precision="fp32")
    yield engine
    engine.close()


@pytest.fixture
def private(on_broker: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    scorers = {name: SuspectsAll(spec, warm_up_examples=0) for name, spec in MODELS.items()}
    monkeypatch.setattr(PolledScorers, "poll", lambda _: dict(scorers))
    return replace(
        on_broker,
        flush_interval_s=0.05,
        learn_interval_s=0.2,
        segment_interval_s=0.2,
        fraud_threshold=0.5,
        churn_threshold=0.5,
        alert_suppress_hours=0.0,
        erasure_key=Secret("a key of the tests"),
    )
