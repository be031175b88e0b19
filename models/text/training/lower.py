"""Frozen layers, passed once: what the lowest ones make of each text is kept, and training starts above them.

On a CPU most of an epoch is the encoder's, so freezing a third of the layers saves about half of it: the pass up
through them and the pass back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from models.errors import TextModelUnusable
from models.text.model import ReviewModel
from models.text.training.precision import mixed
from models.text.training.tokens import padded, sorted_batches

_BATCH = 32

Inputs = Mapping[str, Tensor]
"""Arguments of the encoder's ``forward`` for one batch."""


def layers_of(encoder: PreTrainedModel) -> nn.ModuleList:
    """From the lowest to the highest. Raises ``TextModelUnusable`` where they aren't where BERT has them."""
    layers = getattr(getattr(encoder, "encoder", None), "layer", None)
    if not isinstance(layers, nn.ModuleList):
        raise TextModelUnusable(
            f"layers of a {encoder.config.model_type} can't be frozen or adapted: only BERT-like ones"
        )
    return layers


class TokenInputs:
    """Batches for the whole encoder."""

    def __init__(self, model: ReviewModel, ids: Sequence[Sequence[int]]) -> None:
        self._ids = [torch.tensor(row) for row in ids]
        self._limit = model.limit
        self._padding = int(model.tokenizer.pad_token_id or 0)
        self._device = next(model.parameters()).device
        self.lengths = [len(row) for row in ids]

    def __call__(self, rows: npt.NDArray[Any]) -> Inputs:
        ids, mask = padded([self._ids[row] for row in rows], self._limit, self._padding)
        return {"input_ids": ids.to(self._device), "attention_mask": mask.to(self._device)}


class LowerInputs:
    """Batches for what :func:`above` leaves of the encoder.

    Kept in 16 bits: 2 bytes times tokens times hidden of each text, 60 kB for one of 80 tokens with MiniLM.
    """

    def __init__(self, inputs: TokenInputs, model: ReviewModel, count: int, precision: str) -> None:
        self._device = next(model.parameters()).device
        kept: list[Tensor] = [torch.empty(0)] * len(inputs.lengths)
        model.eval()
        with _only(model.encoder, layers_of(model.encoder)[:count]), torch.inference_mode():
            for rows in sorted_batches(inputs.lengths, _BATCH):
                with mixed(self._device, precision):
                    states = model.encoder(**inputs(rows)).last_hidden_state.half().cpu()
                for row, state in zip(rows, states, strict=True):
                    kept[row] = state[: inputs.lengths[row]].clone()
        self._kept = kept
        self._limit = model.limit
        self.lengths = inputs.lengths

    def __call__(self, rows: npt.NDArray[Any]) -> Inputs:
        states, mask = padded([self._kept[row] for row in rows], self._limit)
        return {"inputs_embeds": states.to(self._device).float(), "attention_mask": mask.to(self._device)}


@contextmanager
def above(encoder: PreTrainedModel, count: int) -> Iterator[None]:
    """While it lasts, the encoder has only the layers from the ``count``-th on and takes ``LowerInputs``."""
    embeddings = encoder.embeddings
    encoder.embeddings = _AsGiven()
    try:
        with _only(encoder, layers_of(encoder)[count:]):
            yield
    finally:
        encoder.embeddings = embeddings


@contextmanager
def _only(encoder: PreTrainedModel, layers: nn.ModuleList) -> Iterator[None]:
    stack: Any = encoder.encoder
    whole, stack.layer = stack.layer, layers
    try:
        yield
    finally:
        stack.layer = whole


class _AsGiven(nn.Module):
    """In place of the embeddings: the states are there already."""

    def forward(self, inputs_embeds: Tensor, **_: object) -> Tensor:
        return inputs_embeds
