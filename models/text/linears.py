"""Linear layers with weights laid out for this CPU beforehand, by precision.

PyTorch's own call hands fp32 to MKL, which is slow on CPUs of others, and lays bf16 weights out anew in each call. With
weights prepacked for oneDNN, a layer of MiniLM on one core of an EPYC of Zen 5 went from 95 to 230 GFLOP/s in fp32 and
from 425 to 455 in bf16, and does 770 in int8 with activations quantised as they come.
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
_mkldnn: Any = torch.ops.mkldnn
_quantized: Any = torch.ops.quantized


def can_prepack() -> bool:
    return torch.backends.mkldnn.is_available() and hasattr(_mkldnn, "_linear_pointwise")


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
    """In int8: the weights by output, the activations by batch as they come. fp32 goes in and out."""
    weight = weight.detach().float()
    scale = (weight.abs().amax(dim=1) / _LARGEST).clamp(min=torch.finfo(torch.float32).tiny).double()
    zero = torch.zeros(len(weight), dtype=torch.int64)
    # Set for the prepacking alone: how others quantise in this process is theirs.
    engine = torch.backends.quantized.engine
    torch.backends.quantized.engine = "onednn"
    try:
        packed = _quantized.linear_prepack(
            torch.quantize_per_channel(weight, scale, zero, 0, torch.qint8), bias.detach().float()
        )
    finally:
        torch.backends.quantized.engine = engine
    # Without VNNI, sums of pairs of full bytes overflow 16 bits.
    reduce_range = not torch.cpu._is_vnni_supported()

    def apply(x: Tensor) -> Tensor:
        y: Tensor = _quantized.linear_dynamic(x, packed, reduce_range)
        return torch.nn.functional.gelu(y) if gelu else y

    return apply
