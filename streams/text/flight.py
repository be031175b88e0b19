"""Windows in the engine: submitted, waited for, dropped."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from models.errors import ModelError
from models.text.engine import TextEngine
from models.text.scores import TextScores
from streams.errors import Fatal, FootfallError
from streams.text.intake import Portion

DEADLINE_S = 60.0
DEADLINE_TEXT_S = 1.0
"""How long scoring a window may take, and how much longer for each of its texts: beyond, the engine hangs."""


@dataclass(kw_only=True, eq=False)
class Flight:
    """A window on its way through the engine and into the tables."""

    portions: list[Portion]
    n_texts: int
    scores: asyncio.Future[TextScores | None]
    """None where there are no texts."""
    began: float = field(default_factory=time.monotonic)
    dropped: bool = False
    """Whether it is to be forgotten: its records come again."""


def next_window(portions: deque[Portion], room: int) -> list[Portion]:
    """Takes what there is, as far as its texts go into ``room``; at least one portion."""
    taken = [portions.popleft()]
    room -= len(taken[0].texts)
    while portions and len(portions[0].texts) <= room:
        room -= len(portions[0].texts)
        taken.append(portions.popleft())
    return taken


def submit(engine: TextEngine, portions: list[Portion], *, tier: str) -> Flight:
    """To be called on the event loop. Raises ``Fatal`` where the engine takes nothing."""
    texts = [text for portion in portions for text in portion.texts]
    scores: asyncio.Future[TextScores | None] = asyncio.get_running_loop().create_future()
    if not texts:
        scores.set_result(None)
    else:
        try:
            scores = asyncio.wrap_future(engine.submit(texts, tier=tier))  # type: ignore[arg-type]  # it isn't None
        except Exception as error:
            raise broken(error) from error
    return Flight(portions=portions, n_texts=len(texts), scores=scores)


async def wait_scored(flight: Flight) -> None:
    """Until there are scores or it is dropped. Raises ``Fatal`` where the engine fails or hangs."""
    deadline_s = DEADLINE_S + DEADLINE_TEXT_S * flight.n_texts
    await asyncio.wait({flight.scores}, timeout=deadline_s)
    if flight.dropped:
        return
    if not flight.scores.done():
        raise Fatal(f"the text engine has not scored {flight.n_texts} texts within {deadline_s:.0f} s")
    if flight.scores.cancelled():
        raise Fatal("the text engine was closed while it had texts to score")
    error = flight.scores.exception()
    if error is not None:
        raise broken(error) from error


def drop(flights: Iterable[Flight]) -> None:
    """What the engine hasn't begun of them it leaves out."""
    for flight in flights:
        flight.dropped = True
        flight.scores.cancel()


def broken(error: BaseException) -> Fatal:
    """An error of the engine in a line. What others than Footfall's own say may quote a text."""
    why = str(error) if isinstance(error, FootfallError | ModelError) else type(error).__name__
    return Fatal(f"the text engine failed: {why}")
