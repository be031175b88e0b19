"""The truth in memory is that of the file, in either of its formats."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.errors import Invalid
from streams.simulate.known import Known
from streams.simulate.shop import DAY_MS, Shop
from streams.simulate.simulation import Simulation
from streams.simulate.truth import Truth, Written
from streams.simulate.truth_file import TruthFile


def told(write: Written) -> None:
    simulation = Simulation(Shop(seed=4, shoppers=300, fraud=0.2))
    truth = Truth(simulation, write)
    position = 0
    for chunk in truth.chunks(simulation.pieces(end_ms=simulation.shop.start_ms + 20 * DAY_MS)):
        position += len(chunk)
        truth.reached(position)
    truth.end()


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_it_is_the_same_from_a_file(tmp_path: Path, ending: str) -> None:
    known = Known()
    told(known.write)
    path = tmp_path / f"truth.{ending}"
    with TruthFile(path) as file:
        told(file.write)
    read = Known.of_file(path)
    assert (read.shoppers, read.purchases) == (known.shoppers, known.purchases)
    assert any(one.fraud and one.ring for one in known.purchases)


@pytest.mark.parametrize("content", [b"not json", b"[1]", b'{"row": "shopper"}'])
def test_what_isnt_a_truth_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "truth.jsonl").write_bytes(content)
    (tmp_path / "truth.parquet").write_bytes(content)
    for ending in ("jsonl", "parquet"):
        with pytest.raises(Invalid, match="isn't the truth of a simulation"):
            Known.of_file(tmp_path / f"truth.{ending}")
