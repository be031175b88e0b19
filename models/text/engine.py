"""Batches of any texts through the model."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from models.text.model import ReviewModel
from models.text.scores import TextScores

_BATCH = 32


class TextEngine:
    """Scores windows of texts, each in the order in which they were submitted. Thread-safe."""

    def __init__(self, model: ReviewModel) -> None:
        self._model = model
        self._forward = ThreadPoolExecutor(1, thread_name_prefix="forward")

    def submit(self, texts: Sequence[str], *, tier: str = "") -> Future[TextScores]:
        """Begins to score ``texts``. ``tier`` names a cheaper way to do it, empty for the usual one."""
        return self._forward.submit(self._score, texts, tier)

    def score(self, texts: Sequence[str], *, tier: str = "") -> TextScores:
        """:meth:`submit`, waited for."""
        return self.submit(texts, tier=tier).result()

    def close(self) -> None:
        """What was submitted and hasn't begun is cancelled."""
        self._forward.shutdown(cancel_futures=True)

    def _score(self, texts: Sequence[str], tier: str) -> TextScores:
        parts = []
        lengths: list[int] = []
        for start in range(0, len(texts), _BATCH):
            tokens = self._model.tokenizer(
                list(texts[start : start + _BATCH]),
                padding=True,
                truncation=True,
                max_length=self._model.limit,
                return_tensors="pt",
            )
            lengths += tokens["attention_mask"].sum(dim=1).tolist()
            columns = self._model.read(tokens["input_ids"], tokens["attention_mask"])
            parts.append({name: column.numpy() for name, column in columns.items()})
        n_tokens = np.array(lengths, dtype=np.int32)
        return TextScores(
            columns={name: np.concatenate([part[name] for part in parts]) for name in (parts[0] if parts else {})},
            n_tokens=n_tokens,
            truncated=n_tokens == self._model.limit,
            model=self._model.name,
            tier=tier or "fp32",
        )
