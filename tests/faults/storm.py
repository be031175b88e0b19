"""A schedule of faults, drawn by a seed."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Literal

from tests.faults.fleet import READY_TIMEOUT_S, Worker
from tests.faults.scene import COMMIT_INTERVAL_S, RATE, Scene
from tests.waiting import wait_until

Fault = Literal["calm kill", "kill", "leave", "zombie", "clickhouse", "broker paused", "broker killed"]

N_WORKERS = 3
LEAVE_LIMIT_S = 10.0


class Storm:
    """Keeps ``N_WORKERS`` workers, and hurts them and the servers.

    Parameters
    ----------
    paused_s
        How long the broker stands still; longer than a session.
    """

    def __init__(self, scene: Scene, *, paused_s: float) -> None:
        self.kills = 0
        self._scene = scene
        self._paused_s = paused_s
        self._random = random.Random(scene.seed)  # noqa: S311 - not for secrecy
        self._faults: dict[Fault, Callable[[], object]] = {
            "calm kill": self._calm_kill,
            "kill": self._kill,
            "leave": self._leave,
            "zombie": self._zombie,
            "clickhouse": self._clickhouse,
            "broker paused": self._broker_paused,
            "broker killed": self._broker_killed,
        }

    def begin(self) -> None:
        """Starts the workers, and waits until all have partitions."""
        for _ in range(N_WORKERS):
            self._scene.fleet.start()
        for worker in self._scene.fleet.workers:
            worker.wait_assigned()

    def strike(self, fault: Fault) -> None:
        """One fault at a moment of its own."""
        wait_until(lambda: len(self._working) >= 2, READY_TIMEOUT_S, "two workers have partitions")
        time.sleep(self._random.uniform(0, 2))
        self._scene.note(fault)
        self._faults[fault]()

    @property
    def _working(self) -> list[Worker]:
        return [worker for worker in self._scene.fleet.running if worker.assignments]

    def _kill(self) -> Worker:
        victim = self._random.choice(self._working)
        self._scene.note(f"SIGKILL {victim.name}")
        victim.kill()
        self.kills += 1
        self._scene.fleet.start()
        return victim

    def _calm_kill(self) -> None:
        """Of a worker that keeps up, and isn't working through a backlog: what comes again is bounded by two commit
        intervals."""
        self._scene.wait_caught_up(1.5 * COMMIT_INTERVAL_S)
        victim = self._kill()
        again = self._scene.uncommitted(victim)
        self._scene.note(f"{again} records of {victim.name} come again")
        assert again < 2 * COMMIT_INTERVAL_S * RATE, f"{again} records of {victim.name} come again"

    def _leave(self) -> None:
        """Under load, with everything flushed and committed."""
        self._scene.wait_caught_up()
        leaver = self._random.choice(self._working)
        self._scene.note(f"SIGTERM {leaver.name}")
        seconds = leaver.leave()
        assert seconds < LEAVE_LIMIT_S, f"{leaver.name} took {seconds:.1f} s to leave"
        assert self._scene.uncommitted(leaver) == 0, f"{leaver.name} left without committing all"
        self._scene.fleet.start()

    def _zombie(self) -> None:
        """A worker stands still until the group has given it up, and then goes on."""
        victim = self._random.choice(self._working)
        self._scene.note(f"SIGSTOP {victim.name}")
        with victim.paused():
            time.sleep(1.5 * self._scene.settings.session_timeout_s)

    def _clickhouse(self) -> None:
        """With a worker killed and replaced meanwhile, half of the time."""
        clickhouse = self._scene.site.stack.member("clickhouse")
        clickhouse.kill()
        if self._random.random() < 0.5:
            self._kill()
            time.sleep(self._scene.settings.session_timeout_s)
        clickhouse.restart()

    def _broker_paused(self) -> None:
        broker = self._scene.site.stack.member("broker")
        broker.stop()
        try:
            time.sleep(self._paused_s)
        finally:
            broker.cont()

    def _broker_killed(self) -> None:
        broker = self._scene.site.stack.member("broker")
        broker.kill()
        broker.restart()
