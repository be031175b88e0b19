"""The models of a worker: polls for new snapshots, and where the worker leads, learns them."""

from __future__ import annotations

import threading

from models.catalogue import MODELS
from models.scoring import Scorer
from streams.settings import Settings
from streams.worker.costs import Costs


class Modelling:
    def __init__(self, settings: Settings, *, stop: threading.Event, costs: Costs) -> None:
        self._settings = settings
        self._costs = costs
        self.leading = False

    def poll(self) -> dict[str, Scorer]:
        return {name: Scorer(spec, warm_up_examples=self._settings.warm_up_examples) for name, spec in MODELS.items()}

    def round(self) -> dict[str, Scorer]:
        return self.poll()
