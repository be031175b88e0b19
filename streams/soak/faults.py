"""What is killed during a soak: workers drawn by its seed, the leader among them, now and then a server whose data are
on disk."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

from deploy.local.fleet import Fleet
from deploy.local.stack import LocalStack
from deploy.local.state import Name
from deploy.local.workers import WorkerProcess

SERVER_EVERY = 5
"""One of so many faults is of a server, first the second."""
LEADER_EVERY = 3
"""One of so many workers is the leader, first the second; the others may be."""


class Faults:
    """Parameters
    ----------
    start
        Starts another worker in place of one that is killed.
    leader
        Tells the name of the worker that leads.

    Attributes
    ----------
    struck
        How often, by what: worker, clickhouse or broker.
    leaders
        How many of the workers were leading.
    killed
        The workers that were.
    """

    def __init__(
        self,
        stack: LocalStack,
        fleet: Fleet[WorkerProcess],
        start: Callable[[WorkerProcess], object],
        leader: Callable[[], str],
        *,
        seed: int,
    ) -> None:
        self.struck: Counter[str] = Counter()
        self.leaders = 0
        self.killed: list[WorkerProcess] = []
        self._stack = stack
        self._fleet = fleet
        self._start = start
        self._leader = leader
        self._random = random.Random(seed)  # noqa: S311 - not for secrecy
        durable = stack.member("broker").status().kind == "apache-kafka"  # Tansu's log is in memory
        self._servers: tuple[Name, ...] = ("clickhouse", "broker") if durable else ("clickhouse",)

    def pause_s(self, mean_s: float) -> float:
        """Until the next."""
        return self._random.uniform(0.5, 1.5) * mean_s

    def strike(self) -> str:
        """SIGKILL one, and start it again; blocks until a server answers again. What it was, in words."""
        if self.struck.total() % SERVER_EVERY == 1:
            return self._kill_server(self._random.choice(self._servers))
        leader = self._leader()
        victim = self._random.choice(self._fleet.running)
        if self.struck["worker"] % LEADER_EVERY == 1:
            victim = next((worker for worker in self._fleet.running if worker.name == leader), victim)
        victim.kill()
        self.killed.append(victim)
        self.struck["worker"] += 1
        self.leaders += victim.name == leader
        self._start(victim)
        return victim.name + (", the leader" if victim.name == leader else "")

    def _kill_server(self, name: Name) -> str:
        server = self._stack.member(name)
        server.kill()
        server.restart()
        self.struck[name] += 1
        return name
