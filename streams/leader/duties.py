"""Which duties the leader has, in the order in which it does them."""

from __future__ import annotations

import threading
from collections.abc import Callable

from streams.leader.budget import AlertBudget
from streams.leader.drift import DriftWatch
from streams.leader.duty import Duty
from streams.leader.escalation import Escalation
from streams.leader.learning import Learning
from streams.leader.risks import TellingRisks
from streams.leader.segments import SegmentRounds
from streams.leader.sweeping import Sweeping
from streams.settings import Settings
from streams.worker.costs import Costs
from streams.worker.delivery import Delivery


def duties(
    settings: Settings, delivery: Delivery, *, clock_ms: Callable[[], int], stop: threading.Event, costs: Costs
) -> list[Duty]:
    """With connections of their own, each; once ``stop`` is set, an outage isn't waited for.

    What they tell goes out by ``delivery``.
    """
    return [
        TellingRisks(settings, clock_ms=clock_ms, stop=stop),
        Learning(settings, clock_ms=clock_ms, stop=stop, costs=costs),
        AlertBudget(settings, clock_ms=clock_ms, stop=stop),
        Sweeping(settings, delivery, clock_ms=clock_ms, stop=stop, costs=costs),
        SegmentRounds(settings, delivery, clock_ms=clock_ms, stop=stop),
        DriftWatch(settings, delivery, clock_ms=clock_ms, stop=stop),
        Escalation(settings, delivery, clock_ms=clock_ms, stop=stop),
    ]
