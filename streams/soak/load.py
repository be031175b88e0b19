"""The simulation as a steady load in the background, until it is told to end."""

from __future__ import annotations

import asyncio
import threading
import time
from itertools import takewhile
from types import TracebackType
from typing import Self

from streams.errors import Fatal
from streams.replay.chunk import CHUNK_EVENTS
from streams.replay.pace import SteadyPace
from streams.replay.run import replay
from streams.settings import Settings
from streams.simulate.simulation import Simulation
from streams.simulate.truth import Truth

CHUNK_S = 0.5
"""Of the load, in a chunk at the most: as soon it ends."""
END_TIMEOUT_S = 60.0


class Load:
    """Sends while in its context; leaving it waits until all that was sent is acknowledged.

    Raises what ``replay`` raises, there or from ``check``, and ``Fatal`` where the shop's time comes to the present.

    Attributes
    ----------
    truth
        Of what is acknowledged.
    """

    def __init__(self, settings: Settings, simulation: Simulation, *, rate: float) -> None:
        self.truth = Truth(simulation)
        self._settings = settings
        self._simulation = simulation
        self._rate = rate
        self._over = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join(END_TIMEOUT_S)
        if error is None:
            self.check()

    def check(self) -> None:
        """Raises what ended the load."""
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        chunk_events = max(1, min(CHUNK_EVENTS, int(self._rate * CHUNK_S)))
        pieces = self._simulation.pieces(end_ms=int(time.time() * 1000), chunk_events=chunk_events)
        chunks = takewhile(lambda _: not self._over.is_set(), self.truth.chunks(pieces))
        try:
            asyncio.run(replay(chunks, self._settings, pace=SteadyPace(self._rate), progress=self.truth.reached))
            if not self._over.is_set():
                raise Fatal("the simulated shop has come to the present: with more shoppers its days last longer")
        except BaseException as error:
            self._failure = error
