"""A worker whose handler writes down what happens to it, one JSON line each, and acks as its arguments say.

    python journal_worker.py JOURNAL [--ack each|never|reversed|flush] [...]

`flush` acks what came in batches, as the pipeline does. Settings come from the environment.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from schemas.topics import INPUTS
from streams.errors import Fatal
from streams.settings import Settings
from streams.transport import Partitions, RecordRun, create_app, run_worker
from streams.transport.logs import configure_logging
from streams.transport.unpack import unpack

FLUSH_INTERVAL_S = 0.2


class Journal:
    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.file = options.journal.open("a", buffering=1)
        self.waiting: list[RecordRun] = []
        self.flushed_at = time.monotonic()

    def write(self, what: str, **fields: Any) -> None:
        self.file.write(json.dumps({"what": what, "at": time.time(), **fields}) + "\n")

    async def on_run(self, run: RecordRun) -> None:
        offsets = unpack(run).offset.tolist()
        self.write("run", topic=run.topic, partition=run.partition, offsets=offsets, generation=run.generation)
        if self.options.fail_from is not None and run.last >= self.options.fail_from:
            raise ValueError("the handler\nfailed")
        self.waiting.append(run)
        match self.options.ack:
            case "each" if self.options.ack_below is None or run.last < self.options.ack_below:
                self.flush()
            case "flush" if time.monotonic() - self.flushed_at > FLUSH_INTERVAL_S:
                self.flush()
            case "reversed" if [waiting.partition for waiting in self.waiting].count(run.partition) > 1:
                run.ack()

    def flush(self) -> None:
        for run in self.waiting:
            run.ack()
        self.waiting.clear()
        self.flushed_at = time.monotonic()

    async def on_assigned(self, partitions: Partitions) -> None:
        self.write("assigned", partitions=sorted(partitions))
        try:
            await asyncio.sleep(self.options.warm_up_s)
        except asyncio.CancelledError:
            self.write("interrupted")
            raise

    async def on_revoked(self, partitions: Partitions) -> None:
        if self.options.ack == "flush":
            self.flush()
        self.waiting.clear()
        self.write("revoked", partitions=sorted(partitions))

    async def on_stop(self) -> None:
        if self.options.ack == "flush":
            self.flush()
        self.write("stopped")

    async def on_failure(self) -> None:
        self.write("failed")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("journal", type=Path)
    parser.add_argument("--ack", choices=("each", "never", "reversed", "flush"), default="each")
    parser.add_argument("--ack-below", type=int)
    parser.add_argument("--fail-from", type=int)
    parser.add_argument("--warm-up-s", type=float, default=0)
    parser.add_argument("--elect-leader", action="store_true")
    parser.add_argument("--crash", action="store_true")
    options = parser.parse_args()
    settings = Settings.from_env(os.environ)
    journal = Journal(options)
    app = create_app(settings, topics=INPUTS, handler=journal, elect_leader=options.elect_leader)

    @app.timer(0.1, on_leader=True)
    async def lead() -> None:
        journal.write("led")

    @app.task
    async def crash() -> None:
        if options.crash:
            await app.crash(Fatal("a task failed"))

    configure_logging(settings)
    return run_worker(app)


if __name__ == "__main__":
    sys.exit(main())
