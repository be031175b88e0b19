from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import orjson
import pandas as pd
import pytest

from models.text.engine import TextEngine
from models.text.tokens import NO_WORDS
from streams.errors import Invalid
from streams.text_scoring.score import NOT_A_STRING, score_file
from tests.models.text.tiny import tiny_model


@pytest.fixture(scope="module")
def engine() -> Iterator[TextEngine]:
    with closing(TextEngine(tiny_model(), precision="fp32")) as engine:
        yield engine


def score(
    engine: TextEngine, source: Path, column: str = "text", *, embeddings: bool = False
) -> list[dict[str, object]]:
    out = source.with_name("out.jsonl")
    scored = score_file(engine, source, out, column=column, embeddings=embeddings)
    rows = [json.loads(line) for line in out.read_bytes().splitlines()]
    assert scored == (len(rows), sum("reason" in row for row in rows))
    assert sorted(path.name for path in source.parent.iterdir()) == sorted({source.name, out.name})
    return rows


def test_rows_keep_their_fields_and_their_order(engine: TextEngine, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(b"".join(orjson.dumps({"n": n, "text": f"dress {n}"}) + b"\n" for n in range(4_500)))
    rows = score(engine, source)
    assert [(row["n"], row["text"]) for row in rows] == [(n, f"dress {n}") for n in range(4_500)]
    expected = engine.score(["dress 4321"])
    assert rows[4_321]["positive"] == pytest.approx(expected.columns["positive"][0], abs=1e-5)
    assert rows[0].keys() == {
        *("n", "text", "negative", "neutral", "positive", "expected_rating"),
        *("n_tokens", "truncated", "model", "tier"),
    }


def test_texts_that_cannot_be_scored_have_a_reason(engine: TextEngine, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl.gz"
    source.write_bytes(
        gzip.compress(b'{"text":null}\n\n{"text":"good"}\n{"text":""}\n{"text":"\\ud800bad"}\n{"text":7}\n')
    )
    rows = score(engine, source, embeddings=True)
    assert [row.get("reason") for row in rows] == [NOT_A_STRING, None, NO_WORDS, None, NOT_A_STRING]
    assert len(rows[1]["embedding"]) == 32  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet"])
def test_reads_tables(engine: TextEngine, tmp_path: Path, kind: str) -> None:
    source = tmp_path / f"in.{kind}"
    table = pd.DataFrame({"review": ["good, or\nbad", "bad"], "stars": [5, 1]})
    table.to_parquet(source) if kind == "parquet" else table.to_csv(source, index=False)
    rows = score(engine, source, "review")
    assert [row["review"] for row in rows] == ["good, or\nbad", "bad"]
    assert [int(str(row["stars"])) for row in rows] == [5, 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"text":"good"}\n{"text":', r"in\.jsonl, line 2: not JSON"),
        (b'{"text":"good"}\n["good"]\n', r"in\.jsonl, line 2: not a JSON object"),
        (b'{"text":"good"}\n{"review":"good"}\n', r"in\.jsonl, line 2: there is no column text"),
        (b'{"text":"good","positive":1}\n', r"a column positive already"),
    ],
)
def test_what_cannot_be_read_is_told_and_nothing_written(
    engine: TextEngine, tmp_path: Path, content: bytes, message: str
) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(content)
    with pytest.raises(Invalid, match=message) as raised:
        score_file(engine, source, tmp_path / "out.jsonl", column="text", embeddings=False)
    assert "\n" not in str(raised.value)
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_other_kinds_and_broken_files_are_told(engine: TextEngine, tmp_path: Path) -> None:
    for name in ("in.txt", "in.parquet", "in.jsonl.gz"):
        (tmp_path / name).write_bytes(b"no such thing")
        with pytest.raises(Invalid, match=name.replace(".", r"\.")):
            score_file(engine, tmp_path / name, tmp_path / "out.jsonl", column="text", embeddings=False)
