"""The heads: what is read off a text, each a small layer over the encoder's output. Adding one is adding a class here,
its columns to ``review_scores``, and training it.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn


class Pooled(NamedTuple):
    """What the encoder made of n texts."""

    mean: Tensor  # (n, hidden) over the tokens
    first: Tensor  # (n, hidden) of the first token, [CLS]


class Head(nn.Module):
    """From what the encoder made of n texts to columns of n values.

    ``forward`` gives what losses are made of, and ``read`` turns that into the columns, all on the model's device.
    """

    name: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]
    """Of ``review_scores``, in the order of :meth:`read`."""

    def __init__(self, hidden: int) -> None:
        super().__init__()

    def forward(self, pooled: Pooled) -> Tensor:
        raise NotImplementedError

    def read(self, output: Tensor) -> dict[str, Tensor]:
        """By column: shape (n,), or (n, k) for an array."""
        raise NotImplementedError


class Sentiment(Head):
    """Logits of negative, neutral, positive."""

    name = "sentiment"
    columns = ("negative", "neutral", "positive")

    def __init__(self, hidden: int) -> None:
        super().__init__(hidden)
        self.layer = nn.Linear(2 * hidden, len(self.columns))

    def forward(self, pooled: Pooled) -> Tensor:
        logits: Tensor = self.layer(torch.cat(pooled, dim=-1))
        return logits

    def read(self, output: Tensor) -> dict[str, Tensor]:
        return dict(zip(self.columns, output.float().softmax(dim=-1).unbind(dim=-1), strict=True))


class Rating(Head):
    """Logits of one to five stars; read as one number from 1 to 5, near the median.

    The mean of the stars is 1 + Σ P(stars > k) over k = 1..4, and the median is what that gives with each probability
    rounded to 0 or 1. Read is what lies between: 1 + Σ sigmoid(SHARPNESS · log-odds of stars > k). The mean of stars
    that are mostly 5 and seldom 1 is far from 5, so its absolute error is larger.
    """

    name = "rating"
    columns = ("expected_rating",)
    STARS = 5
    SHARPNESS = 4.0

    def __init__(self, hidden: int) -> None:
        super().__init__(hidden)
        self.layer = nn.Linear(2 * hidden, self.STARS)

    def forward(self, pooled: Pooled) -> Tensor:
        logits: Tensor = self.layer(torch.cat(pooled, dim=-1))
        return logits

    def read(self, output: Tensor) -> dict[str, Tensor]:
        logits = output.float()
        above = logits.flip(-1).logcumsumexp(dim=-1).flip(-1)[:, 1:]  # (n, 4): of more than k stars
        below = logits.logcumsumexp(dim=-1)[:, :-1]
        return {"expected_rating": 1 + (self.SHARPNESS * (above - below)).sigmoid().sum(dim=-1)}


class Embedding(Head):
    """The mean of the tokens, as a vector of length 1: the nearer two texts, the larger their cosine."""

    name = "embedding"
    columns = ("embedding",)

    def forward(self, pooled: Pooled) -> Tensor:
        return pooled.mean

    def read(self, output: Tensor) -> dict[str, Tensor]:
        return {"embedding": nn.functional.normalize(output.float(), dim=-1)}


HEADS: dict[str, type[Head]] = {head.name: head for head in (Sentiment, Rating, Embedding)}
