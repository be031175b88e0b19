"""The pipeline's benchmark notices where a challenger didn't score."""

from __future__ import annotations

from contextlib import closing

import pytest

from models.catalogue import MODELS
from streams.bench.models import challenge, scores_by_model
from streams.clickhouse.writer import Writer
from streams.errors import Fatal
from streams.settings import Settings

SCORED = {"fraud": 2, "fraud-linear": 2, "churn": 3, "churn-linear": 3, "churn-long": 3}


def write(settings: Settings, counts: dict[str, int]) -> None:
    with closing(Writer(settings)) as writer:
        for model, n in counts.items():
            columns = {
                "kind": [MODELS[model].kind] * n,
                "model": [model] * n,
                "event_id": [f"e{row}" for row in range(n)],
            }
            writer.insert("predictions", columns | {"state": [2] * n}, token=model)


def test_each_model_that_takes_part_is_counted(settings: Settings) -> None:
    challenge(settings)
    write(settings, SCORED)
    assert scores_by_model(settings) == SCORED


@pytest.mark.parametrize(("model", "n"), [("fraud-linear", 0), ("churn-linear", 2), ("churn", 0)])
def test_one_that_scored_less_than_its_champion_is_an_error(settings: Settings, model: str, n: int) -> None:
    challenge(settings)
    write(settings, {name: count for name, count in (SCORED | {model: n}).items() if count})
    with pytest.raises(Fatal, match=f"models {model[:5]}, {model[:5]}-linear were to score the same events"):
        scores_by_model(settings)


def test_without_challengers_the_champions_have_to_score(settings: Settings) -> None:
    write(settings, {"fraud": 2})
    with pytest.raises(Fatal, match="models churn were to score"):
        scores_by_model(settings)
