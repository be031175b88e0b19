"""How a broker is to keep each topic's records: the configuration that Footfall's topics are created with."""

from __future__ import annotations

from schemas.topics import ABOUT_PEOPLE, INPUTS, OUTPUTS

_DAY_MS = 86_400_000
_KEPT = {"cleanup.policy": "delete"}

COMPACTED = {"cleanup.policy": "compact,delete", "max.compaction.lag.ms": str(_DAY_MS)}
"""Of two records of one key the former is gone after about a day, and with it what an erasure has followed by a record
without a value. Kafka compacts what lies before the segment that it writes to."""


def topic_configs(*, input_days: float, output_days: float) -> dict[str, dict[str, str]]:
    """By topic, what is configured and its value as Kafka writes it; a retention of 0 days configures none.

    >>> topic_configs(input_days=7, output_days=0)["clicks"]
    {'cleanup.policy': 'delete', 'retention.ms': '604800000'}
    >>> topic_configs(input_days=7, output_days=0)["alerts.fraud"]
    {'cleanup.policy': 'compact,delete', 'max.compaction.lag.ms': '86400000'}
    """
    days = dict.fromkeys(INPUTS, input_days) | dict.fromkeys(OUTPUTS, output_days)
    return {
        topic: (COMPACTED if topic in ABOUT_PEOPLE else _KEPT) | _retention(kept_days)
        for topic, kept_days in days.items()
    }


def _retention(days: float) -> dict[str, str]:
    return {"retention.ms": str(max(1, round(days * _DAY_MS)))} if days else {}
