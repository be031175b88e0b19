"""What a model reads in texts, as it is evaluated: sorted by length, one batch after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from models.text.model import ReviewModel
from models.text.training.lower import LowerInputs, TokenInputs
from models.text.training.precision import mixed
from models.text.training.tokens import sorted_batches, tokenised

_BATCH = 32


def predicted(
    model: ReviewModel, texts: Sequence[str], *, max_tokens: int = 512, precision: str = "fp32"
) -> dict[str, npt.NDArray[np.float32]]:
    """By column: (n,) or (n, k), in the texts' order. ``precision`` as in ``Recipe``. Blocks."""
    return predicted_from(model, TokenInputs(model, tokenised(model, texts, max_tokens)), precision)


@torch.inference_mode()
def predicted_from(
    model: ReviewModel, inputs: TokenInputs | LowerInputs, precision: str
) -> dict[str, npt.NDArray[np.float32]]:
    """The same from prepared inputs."""
    model.eval()
    device = next(model.parameters()).device
    batches = sorted_batches(inputs.lengths, _BATCH)
    parts: list[dict[str, npt.NDArray[np.float32]]] = []
    for rows in batches:
        batch = inputs(rows)
        with mixed(device, precision):
            states = model.encoder(**batch).last_hidden_state
        columns = model.columns(model.apply_heads(states.float(), batch["attention_mask"]))
        parts.append({name: column.cpu().numpy() for name, column in columns.items()})
    order = np.argsort(np.concatenate([np.empty(0, np.int64), *batches]), kind="stable")
    return {name: np.concatenate([part[name] for part in parts])[order] for name in (parts[0] if parts else {})}
