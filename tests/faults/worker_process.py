"""``footfall worker`` with models that raise alerts from the start, and with a fault at a chosen moment.

    python worker_process.py [--at before|after TABLE N SIGNAL] [--published] -- [OPTIONS OF footfall worker]

Sends itself the signal just before or after its N-th insert into TABLE. With ``--published`` it scores with the models
that are published, as ``footfall worker`` does. Settings come from the environment.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from models.catalogue import MODELS
from models.scoring import SCORED, Scorer, Scores
from schemas.alerts import Reason
from streams.clickhouse.writer import Writer
from streams.worker.scorers import PolledScorers


class Suspicious(Scorer):
    """Suspects one event in five."""

    def score(self, features: npt.NDArray[np.float32]) -> Scores:
        n = len(features)
        probability = np.where(np.arange(n) % 5 == 0, 0.99, 0.01).astype(np.float32)
        return Scores(np.full(n, SCORED, np.uint8), probability, "suspicious")

    def explain(self, features: npt.NDArray[np.float32]) -> list[list[Reason]]:
        return [[] for _ in features]


def suspect(_: PolledScorers) -> dict[str, Scorer]:
    return {name: Suspicious(spec, warm_up_examples=0) for name, spec in MODELS.items()}


def arrange(when: str, table: str, nth: int, number: signal.Signals) -> None:
    insert = Writer.insert
    inserts: Counter[str] = Counter()

    def insert_with_fault(self: Writer, into: str, columns: Any, *, token: str) -> None:
        has_rows = any(len(values) for values in columns.values())
        inserts[into] += has_rows
        due = has_rows and into == table and inserts[table] == nth
        if due and when == "before":
            os.kill(os.getpid(), number)
        insert(self, into, columns, token=token)
        if due and when == "after":
            os.kill(os.getpid(), number)

    Writer.insert = insert_with_fault  # type: ignore[method-assign]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--at", nargs=4)
    parser.add_argument("--published", action="store_true")
    parser.add_argument("rest", nargs="*")
    options = parser.parse_args()
    if not options.published:
        PolledScorers.poll = suspect  # type: ignore[method-assign]
    if options.at:
        when, table, nth, number = options.at
        arrange(when, table, int(nth), signal.Signals[number])
    sys.argv = ["footfall", "worker", *options.rest]
    from streams.commands import main as footfall

    footfall()


if __name__ == "__main__":
    main()
