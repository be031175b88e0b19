"""A window of texts on its way through the engine."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future

import numpy as np

from models.text.cache import Known
from models.text.forward import Forward, Ids, split
from models.text.scores import TextScores


class Window:
    """What was submitted, and what is known of it so far. Each stage writes it in turn; only the last one completes it.

    Attributes
    ----------
    ids
        Of the texts that the model has to read, by row.
    same
        Rows that are the text of another row, perhaps of an earlier window: (row, window, row there).
    batches_left
        Batches that haven't come out of the model yet.
    """

    def __init__(self, texts: list[str], tier: str) -> None:
        self.texts = texts
        self.tier = tier
        self.future: Future[TextScores] = Future()
        self.keys: list[bytes] = []
        self.ids: dict[int, Ids] = {}
        self.same: list[tuple[int, Window, int]] = []
        self.reasons: dict[int, str] = {}
        self.values = np.empty((0, 0), dtype=np.float32)  # (n, width)
        self.n_tokens = np.zeros(len(texts), dtype=np.int32)
        self.truncated = np.zeros(len(texts), dtype=np.bool_)
        self.batches_left = 0
        self.complete = False

    def known(self, row: int) -> Known:
        return Known(self.values[row], int(self.n_tokens[row]), bool(self.truncated[row]))

    def learn(self, row: int, known: Known) -> None:
        self.values[row], self.n_tokens[row], self.truncated[row] = known

    def copy_same(self) -> None:
        """The rows of texts that others have read; their windows must be complete."""
        for row, window, there in self.same:
            self.learn(row, window.known(there))
            if there in window.reasons:
                self.reasons[row] = window.reasons[there]

    def scores(self, widths: Mapping[str, int], *, model: str, tier: str) -> TextScores:
        return TextScores(
            columns=split(self.values, widths),
            n_tokens=self.n_tokens,
            truncated=self.truncated,
            model=model,
            tier=tier,
            reasons=dict(sorted(self.reasons.items())),
        )


class Batch:
    """Rows of a window that the model reads at once."""

    def __init__(self, window: Window, rows: list[int], forward: Forward) -> None:
        self.window = window
        self.rows = rows
        self.forward = forward

    def ids(self, rows: list[int]) -> list[Ids]:
        return [self.window.ids[row] for row in rows]
