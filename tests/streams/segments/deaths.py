"""Leaders that are killed at a step of a round, each a process of its own."""

from __future__ import annotations

import asyncio
import threading
from itertools import count
from multiprocessing.process import BaseProcess

from streams.leader.segments import SegmentRounds
from streams.settings import Settings
from streams.worker.delivery import Delivery
from tests.faults.forked import forked
from tests.streams.dying import die, dying_delivery, dying_query, dying_writer
from tests.streams.segments.rounds import look

DEATHS = {
    "before the changes are written": lambda: dying_query("INSERT", end=die, after=False),
    "after the changes are written": lambda: dying_query("INSERT", end=die, after=True),
    "before the first page is sent": lambda: dying_delivery(end=die, after=False, call=1),
    "after the first page is sent": lambda: dying_delivery(end=die, after=True, call=1),
    "before the second page is sent": lambda: dying_delivery(end=die, after=False, call=2),
    "after the second page is sent": lambda: dying_delivery(end=die, after=True, call=2),
    "before the members are written": lambda: dying_writer("segment_members", end=die, after=False, call=1),
    "after the members are written": lambda: dying_writer("segment_members", end=die, after=True, call=2),
    "before the round is done": lambda: dying_writer("segment_rounds", end=die, after=False, call=1),
    "after the round is done": lambda: dying_writer("segment_rounds", end=die, after=True, call=1),
}
"""By where in a round of three pages it is."""


def killed_leader(settings: Settings, death: str, *, page_changes: int) -> BaseProcess:
    """Started; it kills itself by SIGKILL."""
    return forked(_lead, settings, death, page_changes)


def _lead(settings: Settings, death: str, page_changes: int) -> None:
    setattr(*DEATHS[death]())
    asyncio.run(_round(settings, page_changes))


async def _round(settings: Settings, page_changes: int) -> None:
    delivery = Delivery(settings)
    await delivery.start()
    clock = count(1_700_000_000_000)
    duty = SegmentRounds(settings, delivery, clock_ms=clock.__next__, stop=threading.Event(), page_changes=page_changes)
    await asyncio.to_thread(look, duty)
