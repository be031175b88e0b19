"""A BERT for the CPU that reads texts laid end to end, with no padding anywhere.

The linear layers see one long row of tokens, and attention sees the texts of equal length together, with no mask.
Query, key and value are one layer. Measured on clothing reviews (77 tokens in the mean) against transformers'
``BertModel`` on batches of 32 as they come, in texts by a second of one core of an EPYC of Zen 5: no padding and
prepacked weights 3.6 times in fp32, to the same scores; bf16 5.9 times, and more with attention in small bmm rather
than SDPA, which takes twice as long there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import layer_norm, scaled_dot_product_attention
from transformers import BertModel, PreTrainedModel

from models.text.heads import Pooled
from models.text.linears import Linear, can_prepack, prepacked, quantised

_SCORES = 1 << 18
"""Attention scores at once: in fp32 1 MB, a core's second cache. Larger ones also make malloc ask the kernel each time,
which took four times as long."""


class _Group(NamedTuple):
    """Texts of equal length that lie end to end."""

    start: int
    texts: int
    length: int

    @property
    def rows(self) -> slice:
        return slice(self.start, self.start + self.texts * self.length)


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
        self._attend_in = torch.bfloat16 if precision == "bf16" or (precision == "int8" and _fast_bf16()) else None
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
        groups = _groups(lengths)
        positions = torch.cat([torch.arange(length) for length in lengths])
        x = self._embedded(self._words[ids] + self._positions[positions])  # (tokens, hidden)
        for layer in self._layers:
            x = layer.attended(x.add_(layer.mixed(self._attend(layer.query_key_value(x), groups))))
            x = layer.after(x.add_(layer.down(layer.up(x))))
        states = [x[group.rows].view(group.texts, group.length, -1) for group in groups]
        return Pooled(
            torch.cat([state.mean(dim=1, dtype=torch.float32) for state in states]),
            torch.cat([state[:, 0] for state in states]).float(),
        )

    def _attend(self, qkv: Tensor, groups: Sequence[_Group]) -> Tensor:
        """From (tokens, 3 hidden) to (tokens, hidden)."""
        mixed = qkv.new_empty(len(qkv), qkv.shape[1] // 3)
        attend: Callable[[Tensor], Tensor] = _attend_whole
        if self._attend_in is not None:
            qkv, attend = qkv.to(self._attend_in), _attend_by_bmm
        for group in groups:
            by_head = qkv[group.rows].view(group.texts, group.length, 3, self._heads, -1).permute(2, 0, 3, 1, 4)
            context = attend(by_head).transpose(1, 2)  # (texts, length, heads, hidden of a head)
            mixed[group.rows].view(context.shape).copy_(context)
        return mixed

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
        return weight.detach().to(self._dtype)


def _attend_whole(by_head: Tensor) -> Tensor:
    """From (3, texts, heads, length, width) to (texts, heads, length, width)."""
    query, key, value = by_head
    return scaled_dot_product_attention(query, key, value)


def _attend_by_bmm(by_head: Tensor) -> Tensor:
    """As :func:`_attend_whole`, with the scores in memory and their softmax in fp32, some texts at a time."""
    _, texts, heads, length, width = by_head.shape
    at_once = max(1, _SCORES // (heads * length * length))
    parts = []
    for start in range(0, texts, at_once):
        query, key, value = by_head[:, start : start + at_once].reshape(3, -1, length, width)
        scores = torch.bmm(query, key.transpose(1, 2)).float().mul_(width**-0.5).softmax(dim=-1)
        parts.append(torch.bmm(scores.to(value.dtype), value).view(-1, heads, length, width))
    return torch.cat(parts)


def _groups(lengths: Sequence[int]) -> list[_Group]:
    groups = []
    start = 0
    for length, run in groupby(lengths):
        texts = len(list(run))
        groups.append(_Group(start, texts, length))
        start += texts * length
    return groups


def _fast_bf16() -> bool:
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
