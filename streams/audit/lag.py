"""How far readers are behind their logs, by what they committed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from schemas.ledger import Span
from schemas.topics import INPUTS
from streams.audit.broker import Pair, connected
from streams.settings import Settings


async def progress(settings: Settings, logs: Sequence[str] = INPUTS) -> tuple[dict[Pair, Span], dict[Pair, int]]:
    """Of each log: its first offset and the one after its last; and what its readers committed."""
    async with connected(settings) as broker:
        return await broker.ends(logs), await broker.committed(logs)


def lag(settings: Settings, logs: Sequence[str] = INPUTS) -> int:
    """Records that aren't committed. Blocks; raises ``Retryable`` where Kafka doesn't answer."""
    ends, committed = asyncio.run(progress(settings, logs))
    return sum(max(0, end.last - max(committed.get(pair, 0), end.first)) for pair, end in ends.items())
