"""Forwards: from batches of token ids to the heads' columns side by side, on a device and in a precision."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from models.text.linears import quantised
from models.text.model import ReviewModel
from models.text.packed_bert import PackedBert

Ids = npt.NDArray[np.int32]
"""Of one text: shape (tokens,), special ones included."""

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16, "int8": torch.float32}
"""With the dtype between the layers."""


class Forward(Protocol):
    """Safe for any number of threads."""

    precision: str
    padded: ClassVar[bool]
    """Whether the texts of a batch are padded to the longest."""

    def __call__(self, batch: Sequence[Ids]) -> Tensor:
        """(n, width) in fp32, on the device: see :func:`split`. Equal lengths are best side by side."""


def open_forward(model: ReviewModel, *, device: torch.device, precision: str, compiled: bool = False) -> Forward:
    """The fastest way known to run ``model`` so. Raises ``ValueError`` where the device can't."""
    if precision not in PRECISIONS:
        raise ValueError(f"unknown precision {precision}: it may be {', '.join(PRECISIONS)}")
    if device.type == "cpu" and not compiled and PackedBert.takes(model.encoder, precision):
        return PackedForward(model, precision)
    return PaddedForward(model, device=device, precision=precision, compiled=compiled)


def split(matrix: npt.NDArray[np.float32], widths: Mapping[str, int]) -> dict[str, npt.NDArray[np.float32]]:
    """By column: shape (n,) where its width is 0, else (n, width)."""
    columns = {}
    start = 0
    for name, width in widths.items():
        columns[name] = matrix[:, start : start + width] if width else matrix[:, start]
        start += width or 1
    return columns


def column_widths(model: ReviewModel) -> dict[str, int]:
    """By column in the order of a forward's output: its width, 0 for one number a text."""
    weights = next(model.parameters())
    states = torch.zeros(1, 1, model.hidden, device=weights.device, dtype=weights.dtype)
    with torch.inference_mode():
        columns = model.columns(model.apply_heads(states, torch.ones(1, 1, device=weights.device)))
    return {name: 0 if column.ndim == 1 else column.shape[1] for name, column in columns.items()}


def on_host(values: Tensor) -> Callable[[], npt.NDArray[np.float32]]:
    """Begins to copy what a forward gave; the result waits for it."""
    if values.device.type == "cpu":
        return values.numpy
    pinned = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
    pinned.copy_(values, non_blocking=True)
    done = torch.cuda.Event()  # type: ignore[no-untyped-call]
    done.record(torch.cuda.current_stream(values.device))

    def wait() -> npt.NDArray[np.float32]:
        done.synchronize()
        return pinned.numpy()

    return wait


class PackedForward:
    """Texts end to end, on the CPU."""

    padded: ClassVar[bool] = False

    def __init__(self, model: ReviewModel, precision: str) -> None:
        self.precision = precision
        self._model = model
        self._bert = PackedBert(model.encoder, precision)

    @torch.inference_mode()
    def __call__(self, batch: Sequence[Ids]) -> Tensor:
        ids = torch.from_numpy(np.concatenate(batch).astype(np.int64))
        pooled = self._bert.pool(ids, [len(text) for text in batch])
        return _side_by_side(self._model.columns({name: head(pooled) for name, head in self._model.heads.items()}))


class PaddedForward:
    """Any architecture on any device: texts padded to the longest, with a mask.

    Attention is SDPA, in its fastest kernel for the device. Weights are copied where device or precision change, so
    that ``model`` stays as it was. The heads are computed in fp32 always.
    """

    padded: ClassVar[bool] = True

    def __init__(self, model: ReviewModel, *, device: torch.device, precision: str, compiled: bool = False) -> None:
        if precision == "int8" and device.type != "cpu":
            raise ValueError("int8 is for the CPU: bf16 or fp16 are for a GPU")
        self.precision = precision
        self._device = device
        self._padding = int(model.tokenizer.pad_token_id or 0)
        weights = next(model.parameters())
        if (device, precision) != (weights.device, "fp32"):
            model = copy.deepcopy(model).to(device)
            encoder: nn.Module = model.encoder
            encoder.to(dtype=PRECISIONS[precision])
        if precision == "int8":
            _quantise(model.encoder)
        self._model = model.eval()
        self._encoder: Any = torch.compile(model.encoder, dynamic=True) if compiled else model.encoder

    @torch.inference_mode()
    def __call__(self, batch: Sequence[Ids]) -> Tensor:
        lengths = torch.tensor([len(text) for text in batch])
        ids = torch.full((len(batch), int(lengths.max())), self._padding)
        for row, text in zip(ids, batch, strict=True):
            row[: len(text)] = torch.from_numpy(text)
        mask = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
        ids, mask = self._there(ids), self._there(mask)
        states = self._encoder(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        return _side_by_side(self._model.columns(self._model.apply_heads(states, mask)))

    def _there(self, tensor: Tensor) -> Tensor:
        """On the device, without waiting for what it is busy with."""
        if self._device.type == "cuda":
            tensor = tensor.pin_memory()
        return tensor.to(self._device, non_blocking=True)


class _Quantised(nn.Module):
    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        bias = torch.zeros(linear.out_features) if linear.bias is None else linear.bias
        self._apply_int8 = quantised(linear.weight, bias)

    def forward(self, x: Tensor) -> Tensor:
        return self._apply_int8(x)


def _quantise(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, nn.Linear):
            setattr(module, name, _Quantised(child))
        else:
            _quantise(child)


def _side_by_side(columns: Mapping[str, Tensor]) -> Tensor:
    return torch.cat([column.reshape(len(column), -1) for column in columns.values()], dim=1)
