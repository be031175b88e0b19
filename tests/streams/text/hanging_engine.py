"""``footfall text-worker`` with an engine that never comes back from its second window."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from models.text.engine import TextEngine
from models.text.scores import TextScores
from streams.text import flight

score = TextEngine._score
windows = iter(range(1_000_000))


def hang(self: TextEngine, texts: Sequence[str], tier: str) -> TextScores:
    if next(windows):
        threading.Event().wait()
    return score(self, texts, tier)


def main() -> None:
    TextEngine._score = hang  # type: ignore[method-assign]
    flight.DEADLINE_S, flight.DEADLINE_TEXT_S = 1.0, 0.0
    from streams.commands import main as footfall

    footfall(["text-worker"])


if __name__ == "__main__":
    main()
