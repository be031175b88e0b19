"""Which device and precision to read in: the fastest whose scores agree with fp32, by a measurement of a second."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import torch

from models.text.forward import Forward, Ids, PaddedForward, column_widths, open_forward, split
from models.text.model import ReviewModel

PROBABILITY_TOLERANCE = 0.02
"""Of a number a text, by how much it may differ from that of fp32; of stars it is of their range of 4."""
COSINE_TOLERANCE = 0.003
"""Of a vector: one less its cosine with that of fp32."""

_STARS = 4
_ROUNDS = 3
_SAMPLES = (
    "I love this dress. It fits perfectly, the fabric is soft and the colour is just like in the picture.",
    "The zipper broke after two days and nobody answered my mails. I want my money back!",
    "It is fine for the price, nothing special; the sleeves are a little long, but you can roll them up.",
    "Ordered my usual size (I'm 5'4\" and 125 lbs) and it was huge, so I exchanged it for the next one down, which was "
    "still loose at the waist and tight at the shoulders. Such a pity, because the pattern is beautiful.",
    "Great battery, great screen, great price. Five stars!!!",
    "Don't buy. The sound is thin, one side stopped working within a week, and the case scratches when you look at it.",
    "The waiter was friendly, the soup was cold, and we waited an hour for the bill.",
    "质量很好,穿着舒服,下次还会再来。",
    "不喜欢,跟图片差太多了,退货还要自己付运费。",
    "Arrived on Tuesday. It is blue.",
    "I have bought these in three colours now and they wash well, keep their shape and go with everything I own. The "
    "only thing that I would change is the pocket, which is too small for a phone; otherwise I couldn't be happier.",
    "Cheap plastic, smells awful, returned it the same day.",
)


def resolve_device(name: str) -> torch.device:
    """Of ``auto``, ``cpu``, ``cuda`` or ``cuda:1``. Raises ``ValueError`` where there is no such device."""
    if name == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ValueError(f"unknown device {name}: it may be auto, cpu, cuda or cuda:1") from None
    if device.type not in ("cpu", "cuda"):
        raise ValueError(f"unknown device {name}: it may be auto, cpu, cuda or cuda:1")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ValueError(f"there is no device {name}: this PyTorch sees {torch.cuda.device_count()} GPUs")
    return device


def choose_forward(model: ReviewModel, *, device: torch.device, precision: str, compiled: bool = False) -> Forward:
    """In ``precision``, or with ``auto`` in the fastest that agrees: on a GPU bf16, or fp16 where it is too old for it.

    Takes about a second with ``auto`` on a CPU. Raises ``ValueError``.
    """
    if precision != "auto":
        return open_forward(model, device=device, precision=precision, compiled=compiled)
    if device.type == "cuda":
        name = "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
        return open_forward(model, device=device, precision=name, compiled=compiled)
    samples = sample_ids(model)

    def fastest() -> Forward:
        torch.set_num_threads(1)  # as the engine's forwards are
        return min(_that_agree(model, samples, device), key=lambda forward: seconds(forward, samples))

    with ThreadPoolExecutor(1, thread_name_prefix="precision") as thread:
        return thread.submit(fastest).result()


def sample_ids(model: ReviewModel) -> list[Ids]:
    """Of a few texts, sorted by length."""
    taken = model.tokenizer(list(_SAMPLES), truncation=True, max_length=model.limit)["input_ids"]
    return sorted((np.array(ids, dtype=np.int32) for ids in taken), key=len)


def seconds(forward: Forward, batch: Sequence[Ids]) -> float:
    """Of this thread's CPU that a batch takes, at best of a few: other processes hardly disturb it."""
    forward(batch)
    taken = []
    for _ in range(_ROUNDS):
        began = time.thread_time()
        forward(batch)
        taken.append(time.thread_time() - began)
    return min(taken)


def agree(model: ReviewModel, scores: npt.NDArray[np.float32], reference: npt.NDArray[np.float32]) -> bool:
    """Whether all columns are within the tolerances. Both of shape (n, width), as a forward gives them."""
    widths = column_widths(model)
    ours, theirs = split(scores, widths), split(reference, widths)
    for name, width in widths.items():
        if width:
            norms = np.linalg.norm(ours[name], axis=1) * np.linalg.norm(theirs[name], axis=1)
            near = (ours[name] * theirs[name]).sum(axis=1) >= (1 - COSINE_TOLERANCE) * norms
        else:
            most = PROBABILITY_TOLERANCE * (_STARS if name == "expected_rating" else 1)
            near = np.abs(ours[name] - theirs[name]) <= most
        if not near.all():
            return False
    return True


def _that_agree(model: ReviewModel, samples: Sequence[Ids], device: torch.device) -> Iterator[Forward]:
    plain = PaddedForward(model, device=device, precision="fp32")
    reference = plain(samples).numpy()
    yield plain
    for precision in ("fp32", "bf16", "int8"):
        forward = open_forward(model, device=device, precision=precision)
        if agree(model, forward(samples).numpy(), reference):
            yield forward
