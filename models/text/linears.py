"""Linear layers with weights laid out for this CPU beforehand, by precision.

PyTorch's own call hands fp32 to MKL, which is slow on CPUs of others, and lays bf16 weights out anew in each call. With
weights prepacked for oneDNN, a layer of MiniLM on one core of an EPYC of Zen 5 went from 95 to 230 GFLOP/s in fp32 and
from 425 to 455 in bf16. In int8 it does 850, but quantising what comes in takes as long again: where the CPU has bf16,
int8 is hardly faster, and where it hasn't, about twice as fast as fp32.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Linear = Callable[[Tensor], Tensor]
"""From (tokens, inputs) to (tokens, outputs), both of the precision's dtype."""

_ROWS = 1024
"""Tokens for which oneDNN chooses the layout; others are as right and nearly as fast."""
_LARGEST = 127
_MIDDLE = 128
_TINY = torch.finfo(torch.float32).tiny
_mkldnn: Any = torch.ops.mkldnn
_onednn: Any = torch.ops.onednn


def can_prepack() -> bool:
    return hasattr(torch.ops.mkldnn, "_linear_pointwise") and torch._C._has_mkldnn


def prepacked(weight: Tensor, bias: Tensor, dtype: torch.dtype, *, gelu: bool = False) -> Linear:
    """In fp32 or bf16, with the exact GELU behind it where asked, for no further pass over memory.

    ``weight`` is of shape (outputs, inputs).
    """
    packed = _mkldnn._reorder_linear_weight(weight.detach().to(dtype).contiguous(), _ROWS)
    bias = bias.detach().to(dtype)
    after = "gelu" if gelu else "none"

    def apply(x: Tensor) -> Tensor:
        y: Tensor = _mkldnn._linear_pointwise(x, packed, bias, after, [], "none")
        return y

    return apply


def quantised(weight: Tensor, bias: Tensor, *, gelu: bool = False) -> Linear:
    """In int8: the weights by output, the activations by token, so that no text changes the scores of its neighbours.

    fp32 goes in and out.
    """
    weight = weight.detach().float()
    scale = (weight.abs().amax(dim=1) / _LARGEST).clamp(min=_TINY)
    zero = torch.zeros(len(weight), dtype=torch.int64)
    packed = _onednn.qlinear_prepack((weight / scale[:, None]).round().to(torch.int8), None)
    bias = bias.detach().float()
    # Without VNNI, sums of pairs of products overflow 16 bits: half the activations' range is left free.
    largest = _LARGEST if torch.cpu._is_vnni_supported() else _LARGEST // 2

    def apply(x: Tensor) -> Tensor:
        tokens = x.reshape(-1, x.shape[-1])
        size = tokens.abs().amax(dim=1, keepdim=True).div_(largest).clamp_(min=_TINY)  # (tokens, 1)
        whole = tokens.div(size).round_().add_(_MIDDLE).to(torch.uint8)
        y = _onednn.qlinear_pointwise(
            whole, 1.0, _MIDDLE, packed, scale, zero, None, 1.0, 0, torch.float32, "none", [], "none"
        )
        y = torch.addcmul(bias, y, size).view(*x.shape[:-1], -1)
        return torch.nn.functional.gelu(y) if gelu else y

    return apply
