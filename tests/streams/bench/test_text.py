from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streams.bench.review_texts import reviews
from streams.bench.text import measure_text
from streams.errors import Invalid
from tests.models.text.tiny import tiny_model


def test_the_engine_says_what_the_pipeline_says() -> None:
    result = measure_text(
        tiny_model(limit=512), reviews(None, 60), one_by_one=5, rounds=1, device="cpu", precision="fp32"
    )
    assert result.agreement == 1
    assert result.largest_difference < 1e-4
    assert min(result.to_json()[name] for name in ("texts_per_s", "pipeline_texts_per_s", "one_by_one_texts_per_s")) > 0
    assert result.tier == "fp32"


def test_composed_reviews_differ_and_are_as_long_as_real_ones() -> None:
    texts = reviews(None, 2_000)
    assert len(set(texts)) == 2_000
    assert np.mean([len(text) for text in texts]) == pytest.approx(309, rel=0.05)
    assert max(map(len, texts)) <= 508


def test_reviews_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "reviews.csv"
    file.write_text("Review Text,Rating\ngood,5\nbad,1\n,3\ngood,4\n")
    assert sorted(reviews(file, 2)) == ["bad", "good"]
    with pytest.raises(Invalid, match="has 2 reviews, and 3"):
        reviews(file, 3)
    file.write_text("other\n1\n")
    with pytest.raises(Invalid, match="can't be read"):
        reviews(file, 1)
