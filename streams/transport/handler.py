"""What receives the runs: the pipeline, seen from the transport."""

from __future__ import annotations

from typing import Protocol

from streams.transport.run import RecordRun

Partitions = set[tuple[str, int]]
"""Pairs of a topic's name in the contract and a partition."""


class RunHandler(Protocol):
    """Its methods are awaited on the event loop. What one of them raises stops the worker, unacked.

    A failure in a task of the handler's own reaches the worker by ``await app.crash(error)``.
    """

    async def on_run(self, run: RecordRun) -> None:
        """Take a run. Don't return before there is room for the next one: that is the back-pressure."""

    async def on_assigned(self, partitions: Partitions) -> None:
        """These partitions are this worker's now; their first run comes after this returns.

        May take its time: the worker stays in the group meanwhile. Cancelled if the partitions are taken away before
        it returns, or the worker ends; ``on_revoked``, ``on_stop`` or ``on_failure`` follows.
        """

    async def on_revoked(self, partitions: Partitions) -> None:
        """These partitions are taken away. Acks count until this returns, and are committed at once.

        Cancelled after four fifths of the session timeout, since the group waits.
        """

    async def on_stop(self) -> None:
        """The worker was asked to stop and delivers nothing more. Acks count until this returns.

        Not called after a failure. Cancelled after ``streams.transport.app.FINISH_S``; ``on_failure`` follows.
        """

    async def on_failure(self) -> None:
        """The worker failed and is ending. Let go of connections and threads, and write nothing; acks count no more."""
