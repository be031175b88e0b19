"""What the page shows, a module each: SQL with parameters, a result with a type, and bounds.

``throughput`` isn't among :data:`PANELS`: it is pushed, with the lag.
"""

from __future__ import annotations

from collections.abc import Mapping

from streams.console.panels import alerts, dead_letters, funnel, models, segments, sentiment
from streams.console.panels.panel import Panel
from streams.console.panels.shopper import page

PANELS: Mapping[str, Panel] = {
    "funnel": funnel.PANEL,
    "alerts": alerts.PANEL,
    "segments": segments.PANEL,
    "sentiment": sentiment.PANEL,
    "models": models.PANEL,
    "dead-letters": dead_letters.PANEL,
    "shopper": page.PANEL,
}
"""By name in the path."""
