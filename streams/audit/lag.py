"""How far the group is behind its inputs, by what it committed."""

from __future__ import annotations

import asyncio

from schemas.ledger import Span
from streams.audit.broker import Pair, connected
from streams.settings import Settings


async def progress(settings: Settings) -> tuple[dict[Pair, Span], dict[Pair, int]]:
    """Of each input: the log's first offset and the one after its last; and what the group committed."""
    async with connected(settings) as broker:
        return await broker.ends(), await broker.committed()


def lag(settings: Settings) -> int:
    """Records that the group hasn't committed. Blocks; raises ``Retryable`` where Kafka doesn't answer."""
    logs, committed = asyncio.run(progress(settings))
    return sum(max(0, log.last - max(committed.get(pair, 0), log.first)) for pair, log in logs.items())
