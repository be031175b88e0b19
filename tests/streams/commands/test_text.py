"""``footfall text train`` and ``evaluate`` on files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from models.text.checkpoint import load, save
from streams.commands import main
from tests.models.text.tiny import tiny_model
from tests.models.text.training.texts import examples

FAST = ("--epochs", "6", "--lr", "0.005", "--freeze", "1")


def text(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["text", *map(str, arguments)])


@pytest.fixture
def base(tmp_path: Path) -> Path:
    save(tiny_model(), tmp_path / "base", name="tiny")
    return tmp_path / "base"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    known = examples(300)
    file = tmp_path / "reviews.csv.gz"
    pd.DataFrame({"Review Text": known.texts, "Rating": known.stars}).to_csv(file, index=False)
    return file


def test_train_then_evaluate(base: Path, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    trained = text("train", "--data", data, "--base", base, "--out", out, *FAST)
    assert trained.exit_code == 0, trained.output
    names = {file.name for file in out.iterdir()}
    assert {"model.safetensors", "tokenizer.json", "heads.safetensors", "README.md", "confusion.png"} <= names
    assert (out / "confusion.png").read_bytes().startswith(b"\x89PNG")
    figures = json.loads((out / "metrics.json").read_text())
    assert figures["accuracy"] > 0.8
    assert f"| accuracy | {figures['accuracy']:.3f} |" in (out / "README.md").read_text()
    judged = text("evaluate", "--model", out, "--data", data, "--json")
    assert judged.exit_code == 0, judged.output
    found = json.loads(judged.stdout)
    assert found["model"] == load(out).name
    assert found["n"] == 300
    assert found["accuracy"] > 0.8


def test_an_adapter_holds_only_what_differs(base: Path, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "adapter"
    assert text("train", "--data", data, "--base", base, "--out", out, "--lora", *FAST).exit_code == 0
    assert {"adapter.safetensors", "heads.safetensors"} <= {file.name for file in out.iterdir()}
    assert not (out / "model.safetensors").exists()
    assert json.loads(text("evaluate", "--model", out, "--data", data, "--json").stdout)["n_rated"] == 300


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet", "jsonl", "jsonl.gz"])
def test_files_of_each_kind(kind: str, base: Path, tmp_path: Path) -> None:
    table = pd.DataFrame({"words": ["abc", "vwx", None], "verdict": ["negative", "positive", "neutral"]})
    file = tmp_path / f"reviews.{kind}"
    if kind == "parquet":
        table.to_parquet(file)
    else:
        content = table.to_csv(index=False) if "csv" in kind else table.to_json(orient="records", lines=True)
        file.write_bytes(gzip.compress(content.encode()) if kind.endswith("gz") else content.encode())
    columns = ("--text-column", "words", "--label-column", "verdict")
    judged = text("evaluate", "--model", base, "--data", file, "--json", *columns)
    assert judged.exit_code == 0, judged.output
    assert json.loads(judged.stdout)["n"] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "gone.csv"], "can't be read"),
        (["--data", "reviews.txt"], "neither csv, parquet nor jsonl"),
        (["--data", "{data}", "--rating-column", "stars"], "there is no column stars"),
        (["--data", "{data}", "--label-column", "Rating"], "isn't 0 or 1"),
        (["--data", "{data}", "--base", "nowhere"], "can't be loaded"),
        (["--data", "{data}", "--device", "quantum"], "there is no device quantum"),
        (["--data", "shipped", "--text-column", "text"], "columns of its own"),
    ],
)
def test_what_is_given_wrongly_is_one_line(
    arguments: list[str], message: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = text("train", "--out", tmp_path / "out", *(part.format(data=data) for part in arguments))
    assert result.exit_code == 2
    assert result.stderr.startswith("footfall: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_quality_needs_its_data(tmp_path: Path) -> None:
    result = text("quality", "--data-dir", tmp_path, "--only", "clothing")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "needs the clothing reviews" in result.stderr
