"""``footfall text-worker`` with an engine that never comes back from its second window."""

from __future__ import annotations

import threading

from models.text.engine import TextEngine
from models.text.window import Batch
from streams.text import flight

forward = TextEngine._forward
batches = iter(range(1_000_000))


def hang(self: TextEngine, batch: Batch) -> None:
    if next(batches):
        threading.Event().wait()
    forward(self, batch)


def main() -> None:
    TextEngine._forward = hang  # type: ignore[method-assign]
    flight.DEADLINE_S, flight.DEADLINE_TEXT_S = 1.0, 0.0
    from streams.commands import main as footfall

    footfall(["text-worker"])


if __name__ == "__main__":
    main()
