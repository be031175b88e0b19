"""Attention within texts that lie end to end.

Texts of like length are taken out together, filled up to a multiple of a few tokens, and attend by two bmm with a
softmax in fp32 between. On a CPU that takes half as long as the kernel behind SDPA in bf16, and no longer in fp32.
Counts and lengths are few, as oneDNN compiles a kernel for each shape and keeps 1,024 of them: with a shape for each
length and count, they came to 800 MB.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import torch
from torch import Tensor

_MULTIPLE = 16
_SCORES = 1 << 18
"""Attention scores at once: in fp32 1 MB, a core's second cache. Larger ones also make malloc ask the kernel for memory
each time, which took four times as long."""


class _Group(NamedTuple):
    """Texts that attend at once, filled up to the same length."""

    texts: int
    length: int
    rows: Tensor  # (texts · length,) of the tokens; any row where a text is filled up
    bias: Tensor | None  # (texts, 1, 1, length) minus infinity where a text is filled up; none where no text is


class Attention:
    """Of texts of ``lengths``, laid out once for all layers.

    Parameters
    ----------
    rows
        Of the output: at least the sum of ``lengths``. What is in rows beyond the texts means nothing.
    """

    def __init__(self, lengths: Sequence[int], *, heads: int, rows: int) -> None:
        self._heads = heads
        self._groups: list[_Group] = []
        back = []
        start = taken = 0
        for texts, length, own in _alike(lengths, heads):
            ends = torch.tensor(own)
            starts = start + torch.cumsum(ends, 0) - ends
            places = torch.arange(length)
            held = places < ends[:, None]  # (texts, length)
            index = (starts[:, None] + torch.where(held, places, 0)).flatten()
            bias = None
            if not held.all():
                bias = torch.zeros(texts, 1, 1, length).masked_fill_(~held[:, None, None], -torch.inf)
            self._groups.append(_Group(texts, length, index, bias))
            back.append(taken + held.flatten().nonzero().flatten())
            start += sum(own)
            taken += texts * length
        back.append(torch.zeros(rows - start, dtype=torch.int64))
        self._back = torch.cat(back)  # (rows,) where each token is in what the groups give

    def __call__(self, query_key_value: Tensor, dtype: torch.dtype) -> Tensor:
        """From (rows, 3 hidden) to (rows, hidden), with products of ``dtype``."""
        products = query_key_value.to(dtype)
        contexts = [self._attend(products.index_select(0, group.rows), group) for group in self._groups]
        return torch.cat(contexts).index_select(0, self._back).to(query_key_value.dtype)

    def _attend(self, query_key_value: Tensor, group: _Group) -> Tensor:
        texts, length, heads = group.texts, group.length, self._heads
        by_head = query_key_value.view(texts, length, 3, heads, -1).permute(2, 0, 3, 1, 4)
        query, key, value = by_head.reshape(3, texts * heads, length, -1)
        scores = torch.bmm(query, key.transpose(1, 2)).float().mul_(query.shape[-1] ** -0.5)
        if group.bias is not None:
            scores.view(texts, heads, length, length).add_(group.bias)
        context = torch.bmm(scores.softmax(dim=-1).to(value.dtype), value).view(texts, heads, length, -1)
        return context.transpose(1, 2).reshape(texts * length, -1)


def _alike(lengths: Sequence[int], heads: int) -> list[tuple[int, int, list[int]]]:
    """Count, length filled up, and own lengths of neighbours that attend at once; counts are powers of two."""
    found = []
    for length, run in groupby(lengths, key=lambda length: -(-length // _MULTIPLE) * _MULTIPLE):
        own = list(run)
        most = max(1, _SCORES // (heads * length * length))
        while own:
            texts = 1 << (min(most, len(own)).bit_length() - 1)
            found.append((texts, length, own[:texts]))
            own = own[texts:]
    return found
