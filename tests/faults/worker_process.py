"""``footfall worker`` with a model that raises alerts from the start, and with an end at a chosen moment.

    python worker_process.py [--die before|after TABLE N] -- [OPTIONS OF footfall worker]

Kills itself (SIGKILL) just before or after its N-th insert into TABLE. Settings come from the environment.
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
from streams.worker.modelling import Modelling


class Suspicious(Scorer):
    """Suspects one event in five."""

    def score(self, features: npt.NDArray[np.float32]) -> Scores:
        n = len(features)
        probability = np.where(np.arange(n) % 5 == 0, 0.99, 0.01).astype(np.float32)
        return Scores(np.full(n, SCORED, np.uint8), probability, "suspicious")

    def explain(self, features: npt.NDArray[np.float32], top: int = 3) -> list[list[Reason]]:
        return [[] for _ in features]


def suspect(_: Modelling) -> dict[str, Scorer]:
    return {name: Suspicious(spec, warm_up_examples=0) for name, spec in MODELS.items()}


def die(when: str, table: str, nth: int) -> None:
    """Arrange the end."""
    insert = Writer.insert
    inserts: Counter[str] = Counter()

    def insert_or_die(self: Writer, into: str, columns: Any, *, token: str) -> None:
        if any(len(values) for values in columns.values()):
            inserts[into] += 1
        last = into == table and inserts[table] >= nth
        if last and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        insert(self, into, columns, token=token)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)

    Writer.insert = insert_or_die  # type: ignore[method-assign]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--die", nargs=3)
    parser.add_argument("rest", nargs="*")
    options = parser.parse_args()
    Modelling.poll = suspect  # type: ignore[method-assign]
    if options.die:
        when, table, nth = options.die
        die(when, table, int(nth))
    sys.argv = ["footfall", "worker", *options.rest]
    from streams.commands import main as footfall

    footfall()


if __name__ == "__main__":
    main()
