"""A batch through the model, whichever of its texts the model can't bear."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from models.text.forward import on_host
from models.text.packing import halves
from models.text.window import Batch

NOT_FINITE = "the model gave no finite scores for the text"
TOO_LARGE = "the text takes more memory than there is"

Values = npt.NDArray[np.float32]


class Part(NamedTuple):
    """Rows of a batch: their values (n, width) once they are on the host, or why they have none."""

    rows: list[int]
    values: Callable[[], Values] | None
    reason: str = ""


def read(batch: Batch, out_of_memory: Callable[[], None]) -> Iterator[Part]:
    """All rows of a batch. Where it fails it is halved, down to the texts that fail by themselves.

    ``out_of_memory`` is called each time that memory was the cause. Errors that leave a GPU unusable are raised.
    """
    left = [batch.rows]
    while left:
        rows = left.pop()
        try:
            part = Part(rows, on_host(batch.forward(batch.ids(rows))))
        except torch.OutOfMemoryError:
            out_of_memory()
            part = Part(rows, None, TOO_LARGE)
        except torch.AcceleratorError:
            raise
        except Exception as error:  # of a text, by whatever the model is made of
            part = Part(rows, None, f"the model failed on the text: {type(error).__name__}")
        if part.values is not None or len(rows) == 1:
            yield part
        else:
            left += reversed(halves(rows))


def finish(batch: Batch, parts: list[Part], out_of_memory: Callable[[], None]) -> None:
    """Write what came out to the batch's window. Texts without finite scores are read once more by themselves: in some
    precisions a batch's texts aren't independent of each other."""
    window = batch.window
    for rows, values, reason in parts:
        if values is None:
            window.reasons |= dict.fromkeys(rows, reason)
            continue
        found = values()
        finite = np.isfinite(found).all(axis=1)
        window.values[np.array(rows)[finite]] = found[finite]
        for row in np.array(rows)[~finite].tolist():
            if len(rows) == 1:
                window.reasons[row] = NOT_FINITE
            else:
                alone = Batch(window, [row], batch.forward)
                finish(alone, list(read(alone, out_of_memory)), out_of_memory)
