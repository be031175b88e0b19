"""Models in folders: what comes back, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import DistilBertConfig, DistilBertModel, RobertaConfig, RobertaModel

from models.errors import TextModelUnusable
from models.text.checkpoint import SHIPPED, load, save, save_adapter, untrained
from models.text.encoders import fingerprint, load_encoder
from models.text.lora import Adapter, merge
from models.text.training.predict import predicted
from tests.models.text.tiny import tiny_model

TEXTS = ["good", "bad bad", "这件衣服质量很好", "不喜欢 太差了"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(tiny_model(), tmp_path / "tiny", name="tiny")
    return tmp_path / "tiny"


def adapter_of(base: Path) -> Adapter:
    generator = torch.Generator().manual_seed(1)
    layer = "encoder.layer.1.output.dense"
    factors = {
        f"{layer}.A": torch.randn(2, 64, generator=generator),
        f"{layer}.B": torch.randn(32, 2, generator=generator),
    }
    weights = fingerprint(load_encoder(base)[0])
    return Adapter(base=str(base), fingerprint=weights, scale=0.5, factors=factors)


def test_a_saved_model_scores_the_same_to_the_last_bit(folder: Path) -> None:
    expected, model = predicted(tiny_model(), TEXTS), load(folder)
    for name, column in predicted(model, TEXTS).items():
        np.testing.assert_array_equal(column, expected[name])
    assert (model.limit, model.hidden) == (64, 32)
    assert re.fullmatch("tiny-[0-9a-f]{8}", model.name)


def test_other_weights_have_another_name(folder: Path, tmp_path: Path) -> None:
    save(tiny_model(seed=1), tmp_path / "other", name="tiny")
    save(tiny_model(), tmp_path / "again", name="tiny")
    assert load(tmp_path / "other").name != load(folder).name
    assert load(tmp_path / "again").name == load(folder).name


def test_an_adapter_is_the_base_and_what_differs(folder: Path, tmp_path: Path) -> None:
    adapter, model = adapter_of(folder), load(folder)
    plain = predicted(model, TEXTS)
    merge(model.encoder, adapter)
    expected = predicted(model, TEXTS)
    save_adapter(adapter, model.heads, tmp_path / "adapter", name="adapted")
    assert not (tmp_path / "adapter" / "model.safetensors").exists()
    loaded = predicted(load(tmp_path / "adapter"), TEXTS)
    for name, column in loaded.items():
        np.testing.assert_array_equal(column, expected[name])
    assert abs(loaded["embedding"] - plain["embedding"]).max() > 0.01


def test_an_adapter_of_other_weights_is_refused(folder: Path, tmp_path: Path) -> None:
    save_adapter(adapter_of(folder), tiny_model().heads, tmp_path / "adapter", name="adapted")
    save(tiny_model(seed=1), folder, name="tiny")
    with pytest.raises(TextModelUnusable, match=f"was trained on other weights than {folder} has"):
        load(tmp_path / "adapter")


@pytest.mark.parametrize(
    ("gone", "message"),
    [
        ("footfall.json", "has no heads of Footfall: train them with `footfall text train --base"),
        ("heads.safetensors", "heads.safetensors can't be read"),
        ("config.json", "has no config.json"),
        ("tokenizer.json", "has no tokenizer"),
        ("model.safetensors", "has no model.safetensors"),
    ],
)
def test_a_folder_that_lacks_something_is_refused(gone: str, message: str, folder: Path) -> None:
    (folder / gone).unlink()
    with pytest.raises(TextModelUnusable, match=message):
        load(folder)


def test_pickled_weights_are_never_loaded(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(TextModelUnusable, match="only pickled weights, which are never loaded"):
        load(folder)


@pytest.mark.parametrize(
    "config", [{"model_type": "unheard-of"}, {"model_type": "new", "auto_map": {"AutoModel": "x.Y"}}]
)
def test_unknown_architectures_and_code_are_refused(config: dict[str, object], folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "x.py").write_text("raise SystemExit('this was run')")
    with pytest.raises(TextModelUnusable, match="can't be loaded"):
        load(folder)


def test_weights_that_are_missing_are_not_made_up(folder: Path) -> None:
    save_file({"embeddings.word_embeddings.weight": torch.zeros(1)}, folder / "model.safetensors")
    with pytest.raises(TextModelUnusable):
        load(folder)


def test_a_name_that_is_nowhere_is_refused() -> None:
    with pytest.raises(TextModelUnusable, match="can't be loaded"):
        untrained("no/such-model")


def test_other_bert_like_encoders(tmp_path: Path) -> None:
    tokenizer = tiny_model(limit=24).tokenizer
    sizes = {"vocab_size": len(tokenizer), "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    roberta = RobertaConfig(**sizes, intermediate_size=32, max_position_embeddings=26, pad_token_id=1)
    distilled = DistilBertConfig(vocab_size=len(tokenizer), dim=16, n_layers=2, n_heads=2, hidden_dim=32)
    for encoder, limit in ((RobertaModel(roberta), 24), (DistilBertModel(distilled), 24)):
        folder = tmp_path / encoder.config.model_type
        encoder.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        model = untrained(folder).eval()
        assert (model.limit, model.hidden) == (limit, 16)
        said = predicted(model, ["a" * 100, "质量很好"])
        assert said["embedding"].shape == (2, 16)
        assert np.isfinite(said["expected_rating"]).all()


def test_loading_and_saving_are_silent(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    save(load(folder), folder, name="tiny")
    load()
    assert capfd.readouterr() == ("", "")


def test_new_heads_are_the_same_for_a_seed(folder: Path) -> None:
    (folder / "footfall.json").unlink()
    first, again, other = (untrained(folder, seed=seed).heads["sentiment"].layer.weight for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_shipped_model_is_small_and_tells_good_from_bad() -> None:
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) <= 5_000_000
    said = predicted(
        load(),
        [
            "I love this dress, it fits perfectly and looks beautiful!",
            "Terrible quality. It fell apart after one wash and they refused a refund.",
            "Set of 4 blue ceramic mugs",
        ],
    )
    good, bad, plain = np.stack([said[name] for name in ("negative", "neutral", "positive")], axis=1)
    assert good[2] > 0.8
    assert bad[0] > 0.8
    assert plain[1] > 0.5
    assert said["expected_rating"][0] > 4
    assert said["expected_rating"][1] < 2
