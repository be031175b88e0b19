"""How a broker is to keep each topic's records: the configuration that Footfall's topics are created with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schemas.topics import INPUTS, OUTPUTS

_DAY_MS = 86_400_000


@dataclass(frozen=True, kw_only=True)
class Kept:
    retention: Literal["input", "output"]
    """Which of the two settings says how long."""
    cleanup_policy: str = "delete"


TOPICS = {
    **dict.fromkeys(INPUTS, Kept(retention="input")),
    **dict.fromkeys(OUTPUTS, Kept(retention="output")),
}


def topic_configs(*, input_days: float, output_days: float) -> dict[str, dict[str, str]]:
    """By topic, what is configured and its value as Kafka writes it; a retention of 0 days configures none.

    >>> topic_configs(input_days=7, output_days=0)["clicks"]
    {'cleanup.policy': 'delete', 'retention.ms': '604800000'}
    >>> topic_configs(input_days=7, output_days=0)["alerts.fraud"]
    {'cleanup.policy': 'delete'}
    """
    days = {"input": input_days, "output": output_days}
    return {
        topic: {"cleanup.policy": kept.cleanup_policy}
        | ({"retention.ms": str(round(days[kept.retention] * _DAY_MS))} if days[kept.retention] else {})
        for topic, kept in TOPICS.items()
    }
