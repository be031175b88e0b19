"""The encoder with its heads: token ids in, the heads' columns out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from models.text.heads import HEADS, Pooled


class ReviewModel(nn.Module):
    """A BERT-like encoder, its fast tokenizer and heads by name.

    Parameters
    ----------
    limit
        Tokens of a text that the encoder can take, special ones included.
    name
        Tells the model apart in ``review_scores``: a name and a fingerprint of its weights.
    """

    def __init__(
        self,
        encoder: PreTrainedModel,
        tokenizer: PreTrainedTokenizerFast,
        *,
        heads: Sequence[str] = tuple(HEADS),
        limit: int,
        name: str = "",
    ) -> None:
        super().__init__()
        hidden = int(encoder.config.hidden_size)
        self.encoder = encoder
        self.tokenizer = tokenizer
        self.heads = nn.ModuleDict({head: HEADS[head](hidden) for head in heads})
        self.limit = limit
        self.name = name

    @property
    def hidden(self) -> int:
        return int(self.encoder.config.hidden_size)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        """What each head's losses are made of, by head. Both are of shape (n, tokens)."""
        states: Tensor = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return self.apply_heads(states, attention_mask)

    def apply_heads(self, states: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        """By head, from the encoder's last states of shape (n, tokens, hidden)."""
        weights = attention_mask.unsqueeze(-1).to(states.dtype)
        mean = (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)
        pooled = Pooled(mean, states[:, 0])
        return {name: head(pooled) for name, head in self.heads.items()}

    @torch.inference_mode()
    def read(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        """The columns of n texts by name, on the model's device: shape (n,) or (n, k)."""
        return self.columns(self(input_ids, attention_mask))

    def columns(self, outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What the heads' outputs say, by column."""
        columns: dict[str, Tensor] = {}
        for name, output in outputs.items():
            head: Any = self.heads[name]
            columns |= head.read(output)
        return columns
