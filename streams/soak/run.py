"""A soak's steps: load with faults, load in calm, nothing left to do, and then the verdict."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from deploy.local.exceptions import StackError
from deploy.local.workers import TEXT_WORKER, WORKER
from streams.audit.run import audit
from streams.bench.worker_run import wait_until_assigned
from streams.errors import Fatal, Retryable
from streams.segments.files import segments_of
from streams.segments.verify import verify
from streams.simulate.arrived import differences
from streams.simulate.shop import Shop
from streams.simulate.simulation import Simulation
from streams.soak.faults import Faults
from streams.soak.load import Load
from streams.soak.memory import Growth, Memory
from streams.soak.report import Soak
from streams.soak.site import Site

WARM_UP = 0.4
"""Share of the calm in which memory isn't judged: caches of workers that were started last fill in it."""
SETTLED_S = 10.0
"""Of the load may be behind when the calm begins."""
SAMPLE_S = 0.5
LAG_EVERY_S = 2.0
TIMEOUT_S = 120.0
"""Of workers that come back, and of what is left to do at the end."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Parameters
    ----------
    rate
        Events a second.
    fault_every_s
        Time from one fault to the next, in the mean.
    memory_growth
        Share of its memory that may come to a worker in the counted part of the calm.
    """

    minutes: float
    rate: float
    shop: Shop
    workers: int = 2
    text_workers: int = 0
    fault_every_s: float = 20.0
    memory_growth: float = 0.1


def run(plan: Plan, folder: Path, *, kafka_home: Path | None, console: Console) -> Soak:
    """Soak in ``folder``, which must be empty or absent; nothing is left running.

    Raises ``Fatal`` where a step fails or takes longer than its deadline.
    """
    try:
        with Site(folder, kafka_home) as site:
            return _soak(plan, site, console)
    except StackError as error:
        raise Fatal(str(error)) from None


def _soak(plan: Plan, site: Site, console: Console) -> Soak:
    for command, n in ((WORKER, plan.workers), (TEXT_WORKER, plan.text_workers)):
        for _ in range(n):
            site.start(command)
    wait_until_assigned(site.fleet.workers[0], site.settings)
    faults = Faults(site.stack, site.fleet, site.start_another, site.leader, seed=plan.shop.seed)
    watch = _Watch(site, faults, texts=plan.text_workers > 0)
    console.print(f"{plan.rate:,.0f} events a second for {plan.minutes:g} minutes, half of them with faults")
    began_s = time.monotonic()
    half_s = plan.minutes * 60 / 2
    with Load(site.settings, Simulation(plan.shop), rate=plan.rate) as load:
        for _ in watch.looking(load, half_s):
            if watch.fault_due(plan.fault_every_s):
                console.print(f"{time.monotonic() - began_s:6.1f} s  killed {faults.strike()}", highlight=False)
        watch.wait_settled(load, at_most=SETTLED_S * plan.rate)
        console.print(f"{time.monotonic() - began_s:6.1f} s  calm", highlight=False)
        for _ in watch.looking(load, half_s):
            pass
        growth = watch.growth(since_s=time.monotonic() - (1 - WARM_UP) * half_s)
    load_s = time.monotonic() - began_s
    console.print("Waiting until nothing is left to do")
    drain_s = watch.drained()
    watch.wait_looked()
    site.fleet.leave()
    audited = asyncio.run(audit(site.settings))
    segments = verify(site.settings, list(segments_of(site.settings).values()))
    sent = load.truth.sent
    return Soak(
        seed=plan.shop.seed,
        rate=plan.rate,
        load_s=load_s,
        sent=sent,
        faults=dict(faults.struck),
        leaders_killed=faults.leaders,
        highest_lag=watch.highest_lag,
        drain_s=drain_s,
        growth=growth,
        peak_mib=watch.memory.peak_mib(),
        audit=audited,
        segments=segments,
        problems=[
            *audited.problems,
            *segments.problems,
            *differences(site.settings, sent, texts=plan.text_workers > 0),
            *_grown(growth, plan.memory_growth),
        ],
    )


class _Watch:
    """Looks at memory, lag and whether the workers live, while something else goes on."""

    def __init__(self, site: Site, faults: Faults, *, texts: bool) -> None:
        self.memory = Memory()
        self.highest_lag = 0
        self._site = site
        self._faults = faults
        self._texts = texts
        self._lag_due_s = 0.0
        self._fault_due_s: float | None = None

    def looking(self, load: Load, seconds: float) -> Iterator[None]:
        """Between two looks. Raises what ended the load, and ``StackError`` where a worker ended by itself."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            self._look()
            load.check()
            yield
            time.sleep(SAMPLE_S)

    def wait_settled(self, load: Load, *, at_most: float) -> None:
        """Until all workers have partitions, and so many records are behind. Raises ``Fatal`` past the deadline."""
        behind: int | None = None
        waiting: list[str] = []
        for _ in self.looking(load, TIMEOUT_S):
            behind, waiting = self._behind(), self._site.unassigned()
            if behind is not None and behind <= at_most and not waiting:
                return
        raise Fatal(
            f"{TIMEOUT_S:g} s after the last fault {'unknown' if behind is None else behind} records are still behind, "
            f"where {at_most:g} may be; without partitions: {', '.join(waiting) or 'none'}"
        )

    def fault_due(self, every_s: float) -> bool:
        now_s = time.monotonic()
        is_due = self._fault_due_s is not None and now_s >= self._fault_due_s
        if is_due or self._fault_due_s is None:
            self._fault_due_s = now_s + self._faults.pause_s(every_s)
        return is_due

    def drained(self) -> float:
        """Seconds until nothing was left to do. Raises ``Fatal`` where that takes too long."""
        began_s = time.monotonic()
        while (behind := self._behind()) != 0:
            if time.monotonic() - began_s > TIMEOUT_S:
                raise Fatal(f"{behind} records are still left to do {TIMEOUT_S:g} s after the load ended")
            self._look()
            time.sleep(SAMPLE_S)
        return time.monotonic() - began_s

    def wait_looked(self) -> None:
        """Until the leader has looked at the segments once more. Raises ``Fatal`` where that takes too long."""
        deadline_s = time.monotonic() + TIMEOUT_S
        while not self._site.are_segments_settled():
            if time.monotonic() > deadline_s:
                raise Fatal(f"{TIMEOUT_S:g} s after the last event was done, the segments are still to be looked at")
            self._look()
            time.sleep(SAMPLE_S)

    def growth(self, *, since_s: float) -> dict[str, Growth]:
        found = {worker.name: self.memory.growth(worker.name, since_s) for worker in self._site.fleet.running}
        return {name: of for name, of in found.items() if of}

    def _look(self) -> None:
        self.memory.sample(self._site.pids())
        for worker in self._site.fleet.workers:
            if worker not in self._faults.killed:
                worker.check()
        if time.monotonic() >= self._lag_due_s:
            self.highest_lag = max(self.highest_lag, self._behind() or 0)
            self._lag_due_s = time.monotonic() + LAG_EVERY_S

    def _behind(self) -> int | None:
        """None while a server is away."""
        with suppress(Retryable, Fatal):
            return self._site.left_to_do(texts=self._texts)
        return None


def _grown(growth: dict[str, Growth], limit: float) -> Iterator[str]:
    for name, of in growth.items():
        if of.share > limit:
            yield f"{name} grew by {of.share:.1%} in {of.seconds:.0f} s of calm, where {limit:.0%} is allowed"
