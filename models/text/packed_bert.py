"""A BERT for the CPU that reads texts laid end to end, with no padding anywhere.

The linear layers see one long row of tokens, and only attention tells the texts apart. Query, key and value are one
layer. In bf16 only the products are: what layers add to each other stays in fp32, which halves the error and took the
texts whose most probable class is that of fp32 from 99.3 to 99.9 %.

Measured on clothing reviews (77 tokens in the mean) against transformers' ``BertModel`` on batches of 32 as they come,
in texts by a second of one core of an EPYC of Zen 5 that others used, too: with no padding and prepacked weights 3.7
times in fp32, to the same scores, and 6 times in bf16.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import layer_norm
from transformers import BertModel, PreTrainedModel

from models.text.heads import Pooled
from models.text.linears import Linear, can_prepack, prepacked, quantised
from models.text.packed_attention import Attention
from models.text.packing import ROWS


class _Norm(NamedTuple):
    weight: Tensor
    bias: Tensor
    epsilon: float

    def __call__(self, x: Tensor) -> Tensor:
        return layer_norm(x, self.weight.shape, self.weight, self.bias, self.epsilon)


class _Layer(NamedTuple):
    query_key_value: Linear
    mixed: Linear
    attended: _Norm
    up: Linear
    down: Linear
    after: _Norm


class PackedBert:
    """The encoder with weights of its own, in ``fp32``, ``bf16`` or ``int8``. Any number of threads may call it."""

    def __init__(self, encoder: PreTrainedModel, precision: str) -> None:
        config: Any = encoder.config
        self._heads = int(config.num_attention_heads)
        self._dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        self._attend_in = torch.bfloat16 if precision == "int8" and _fast_bf16() else self._dtype
        embeddings: Any = encoder.embeddings
        self._words = self._own(embeddings.word_embeddings.weight)
        self._positions = self._own(embeddings.position_embeddings.weight + embeddings.token_type_embeddings.weight[0])
        self._embedded = self._norm(embeddings.LayerNorm)
        stack: Any = encoder.encoder
        self._layers = [self._layer(layer, precision) for layer in stack.layer]

    @staticmethod
    def takes(encoder: PreTrainedModel, precision: str) -> bool:
        """Whether it would be the same function: a plain BERT, on the CPU, in a precision that is known."""
        config: Any = encoder.config
        return (
            type(encoder) is BertModel
            and encoder.device.type == "cpu"
            and config.hidden_act == "gelu"
            and not config.is_decoder
            and precision in ("fp32", "bf16", "int8")
            and can_prepack()
        )

    @torch.inference_mode()
    def pool(self, ids: Tensor, lengths: Sequence[int]) -> Pooled:
        """``ids`` of shape (tokens,), of all texts end to end; in fp32."""
        beside = -len(ids) % ROWS
        positions = torch.cat([*(torch.arange(length) for length in lengths), ids.new_zeros(beside)])
        ids = torch.cat([ids, ids.new_zeros(beside)])
        attention = Attention(lengths, heads=self._heads, rows=len(ids))
        x = self._embedded(self._words[ids] + self._positions[positions])  # (tokens, hidden)
        for layer in self._layers:
            context = attention(layer.query_key_value(x.to(self._dtype)), self._attend_in)
            x = layer.attended(x.add_(layer.mixed(context)))
            x = layer.after(x.add_(layer.down(layer.up(x.to(self._dtype)))))
        texts = torch.split(x[: sum(lengths)], list(lengths))  # each (length, hidden)
        return Pooled(
            torch.stack([states.mean(dim=0, dtype=torch.float32) for states in texts]),
            torch.stack([states[0] for states in texts]).float(),
        )

    def _layer(self, layer: Any, precision: str) -> _Layer:
        def linear(*parts: Any, gelu: bool = False) -> Linear:
            weight, bias = torch.cat([part.weight for part in parts]), torch.cat([part.bias for part in parts])
            if precision == "int8":
                return quantised(weight, bias, gelu=gelu)
            return prepacked(weight, bias, self._dtype, gelu=gelu)

        attention = layer.attention
        return _Layer(
            linear(attention.self.query, attention.self.key, attention.self.value),
            linear(attention.output.dense),
            self._norm(attention.output.LayerNorm),
            linear(layer.intermediate.dense, gelu=True),
            linear(layer.output.dense),
            self._norm(layer.output.LayerNorm),
        )

    def _norm(self, norm: Any) -> _Norm:
        return _Norm(self._own(norm.weight), self._own(norm.bias), norm.eps)

    def _own(self, weight: Tensor) -> Tensor:
        return weight.detach().float()


def _fast_bf16() -> bool:
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
