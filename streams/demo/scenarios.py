"""The scenarios of the demo by name, made when they are asked for: the first is that of ``make demo``."""

from __future__ import annotations

from collections.abc import Callable

from streams.demo import retail, simulated
from streams.demo.scenario import Scenario

SCENARIOS: dict[str, Callable[[], Scenario]] = {"simulation": simulated.scenario, "online-retail": retail.scenario}
