"""What each head is to lessen. A head without a loss here is not trained, and nothing of it changes but the encoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from models.text.heads import Rating
from models.text.training.examples import UNKNOWN


@dataclass(frozen=True, kw_only=True)
class Targets:
    """Of n texts, on the model's device."""

    sentiment: Tensor  # (n,) codes, UNKNOWN where nobody said
    stars: Tensor  # (n,) NaN where nobody said
    embedding: Tensor  # (n, hidden) of the base

    def take(self, rows: Tensor) -> Targets:
        return Targets(sentiment=self.sentiment[rows], stars=self.stars[rows], embedding=self.embedding[rows])


@dataclass(frozen=True, kw_only=True)
class Weights:
    sentiment: Tensor
    """(3,) of the classes."""
    keep: float
    """Of the embedding's loss."""


def class_weights(codes: npt.NDArray[np.int64], count: int, *, power: float) -> Tensor:
    """(count,) proportional to frequency ** -power, 1 on average over the codes; 0 for a class that isn't there."""
    found = np.bincount(codes[codes != UNKNOWN], minlength=count)
    weights = np.where(found > 0, np.maximum(found, 1.0) ** -power, 0.0)
    return torch.tensor(weights * found.sum() / max((weights * found).sum(), 1e-12), dtype=torch.float32)


def sentiment(logits: Tensor, targets: Targets, weights: Weights) -> Tensor:
    """Cross-entropy over the texts whose sentiment is known."""
    each = functional.cross_entropy(
        logits, targets.sentiment, weight=weights.sentiment, ignore_index=UNKNOWN, reduction="none"
    )
    return each.sum() / (targets.sentiment != UNKNOWN).sum().clamp(min=1)


def rating(logits: Tensor, targets: Targets, weights: Weights) -> Tensor:
    """Cross-entropy over the texts whose stars are known; 4.2 stars are 4 to four parts and 5 to one."""
    known = ~targets.stars.isnan()
    stars = torch.arange(1, Rating.STARS + 1, device=logits.device)
    shares = (1 - (targets.stars.nan_to_num(1)[:, None] - stars).abs()).clamp(min=0)  # (n, 5)
    each = functional.cross_entropy(logits, shares, reduction="none")
    return (each * known).sum() / known.sum().clamp(min=1)


def embedding(mean: Tensor, targets: Targets, weights: Weights) -> Tensor:
    """One minus the cosine to the base's vector: else texts of one sentiment come together, whatever they are about."""
    return weights.keep * (1 - functional.cosine_similarity(mean, targets.embedding)).mean()


LOSSES: Mapping[str, Callable[[Tensor, Targets, Weights], Tensor]] = {
    "sentiment": sentiment,
    "rating": rating,
    "embedding": embedding,
}
