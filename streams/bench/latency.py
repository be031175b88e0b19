"""``footfall bench latency``: how long from an event produced to its alert consumed, and to its row in a SELECT.

All times are read from one clock, in the one process that produces, consumes and asks.
"""

from __future__ import annotations

import asyncio
import threading
import time
from bisect import bisect_left
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy.local.workers import WorkerProcess
from schemas.topics import ALERTS_FRAUD, TopicNames
from streams.bench.laboratory import Laboratory
from streams.bench.models import publish_models
from streams.bench.shop import Shop
from streams.bench.warm_up import warm_up
from streams.bench.worker_run import wait_until_assigned
from streams.clickhouse.reader import Reader
from streams.errors import Fatal
from streams.replay.partitioner import key_hash
from streams.settings import Settings
from streams.transport.security import bootstrap_servers

WARM_UP_S = 5.0
"""Of events that don't count."""
LAST_WAIT_S = 20.0
"""How long alerts and rows may take after the last event."""
_TICK_S = 0.005
_ASK_EVERY_S = 0.05
_LINGER_MS = 2
_FETCH_WAIT_MS = 25
"""Of the alerts' consumer. With aiokafka's default of 500 Tansu's answers come 100 ms later in the median."""
_VISIBLE = "SELECT topic, partition, max(offset) FROM events GROUP BY topic, partition"

Place = tuple[str, int]  # topic in the contract's names, partition


@dataclass(frozen=True, kw_only=True)
class LatencyResult:
    rate: float
    """Events a second that were reached."""
    events: int
    alerts: int
    alert_p50_ms: float
    alert_p99_ms: float
    visible_p50_ms: float
    visible_p99_ms: float

    def to_json(self) -> dict[str, Any]:
        return {name: round(getattr(self, name), 1) for name in self.__dataclass_fields__}


@dataclass
class _Log:
    """What happened when, in seconds of ``time.perf_counter``."""

    sent: dict[str, float] = field(default_factory=dict)  # by event_id
    alerted: dict[str, float] = field(default_factory=dict)
    written: dict[str, tuple[Place, int]] = field(default_factory=dict)  # where the broker put it
    seen: list[tuple[float, dict[Place, int]]] = field(default_factory=list)  # the last offset that a SELECT found

    def alert_ms(self, since: float) -> list[float]:
        return [1000 * (at - sent) for id, at in self.alerted.items() if (sent := self.sent.get(id, 0.0)) >= since]

    def visible_ms(self, since: float) -> list[float]:
        """Raises ``Fatal`` where an event never became visible."""
        times = [at for at, _ in self.seen]
        ends = {place: [last.get(place, -1) for _, last in self.seen] for place in self.seen[-1][1]}
        found = []
        for id, (place, offset) in self.written.items():
            if self.sent[id] >= since:
                ask = bisect_left(ends.get(place, []), offset)
                if ask == len(ends.get(place, [])):
                    raise Fatal(f"{place[0]} partition {place[1]}: offset {offset} did not become visible")
                found.append(1000 * (times[ask] - self.sent[id]))
        return found


def measure_latency(laboratory: Laboratory, *, rate: int, seconds: int, users: int) -> LatencyResult:
    """Produce ``rate`` events a second for ``seconds``, after a warm-up; one worker alerts of every purchase."""
    warm_up(laboratory, users=users)
    n = int(rate * (WARM_UP_S + seconds))
    shop = Shop(users=users, start_ms=time.time_ns() // 1_000_000, span_ms=int(1000 * (WARM_UP_S + seconds)))
    settings = laboratory.settings(
        prefix="live", database="live", fraud_threshold=0.0, churn_threshold=1.0, alert_suppress_hours=0.0
    )
    laboratory.produce(settings, shop, 0)
    publish_models(settings, Shop(users=users))
    with WorkerProcess(settings.group, settings.to_env(), laboratory.folder) as worker:
        wait_until_assigned(worker, settings)
        log = uvloop.run(_observed(settings, shop, n, rate))
        worker.end()
    times = sorted(log.sent.values())
    since = times[0] + WARM_UP_S
    counted = [at for at in times if at >= since]
    alert_ms, visible_ms = log.alert_ms(since), log.visible_ms(since)
    return LatencyResult(
        rate=(len(counted) - 1) / (counted[-1] - counted[0]),
        events=len(visible_ms),
        alerts=len(alert_ms),
        alert_p50_ms=float(np.percentile(alert_ms, 50)),
        alert_p99_ms=float(np.percentile(alert_ms, 99)),
        visible_p50_ms=float(np.percentile(visible_ms, 50)),
        visible_p99_ms=float(np.percentile(visible_ms, 99)),
    )


async def _observed(settings: Settings, shop: Shop, n: int, rate: int) -> _Log:
    log = _Log()
    over = threading.Event()
    async with _alerts(settings, log):
        asking = asyncio.create_task(asyncio.to_thread(_ask, settings, log, over))
        try:
            purchases = await _produce(settings, shop, n, rate, log)
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WAIT_S):
                    while not (purchases <= log.alerted.keys() and _all_visible(log)):
                        await asyncio.sleep(_ASK_EVERY_S)
        finally:
            over.set()
            await asking
    missing = len(purchases - log.alerted.keys())
    if missing:
        raise Fatal(f"{missing} of {len(purchases)} alerts did not come within {LAST_WAIT_S:g} s")
    return log


async def _produce(settings: Settings, shop: Shop, n: int, rate: int, log: _Log) -> set[str]:
    """Send each event when it is due; returns the ids of the purchases."""
    names = TopicNames(prefix=settings.topic_prefix)
    topics, keys, values, ids, purchases = _columns(shop, n)
    async with AIOKafkaProducer(bootstrap_servers=bootstrap_servers(settings), linger_ms=_LINGER_MS) as producer:
        began = time.perf_counter()
        for row in range(n):
            while time.perf_counter() < began + row / rate:
                await asyncio.sleep(_TICK_S)
            topic, id = topics[row], ids[row]
            log.sent[id] = time.perf_counter()
            partition = key_hash(keys[row]) % settings.partitions
            sent = await producer.send(names.on_broker(topic), values[row], key=keys[row], partition=partition)
            sent.add_done_callback(_remember(log, id, (topic, partition)))
        await producer.flush()
    return purchases


def _columns(shop: Shop, n: int) -> tuple[list[str], list[bytes], list[bytes], list[str], set[str]]:
    """Topics, keys, values and ids of all events, and the ids of those that alert."""
    chunks = list(shop.events(n))
    topics = [topic for chunk in chunks for topic in chunk.topic]
    keys = [key for chunk in chunks for key in chunk.key]
    values = [value for chunk in chunks for value in chunk.value]
    events = [msgspec.json.decode(value) for value in values]
    ids = [event["event_id"] for event in events]
    return topics, keys, values, ids, {event["event_id"] for event in events if event["type"] == "purchase"}


def _remember(log: _Log, id: str, place: Place) -> Any:
    def written(sent: asyncio.Future[Any]) -> None:
        log.written[id] = place, sent.result().offset

    return written


@asynccontextmanager
async def _alerts(settings: Settings, log: _Log) -> AsyncIterator[None]:
    """Meanwhile, alerts are consumed."""
    topic = TopicNames(prefix=settings.topic_prefix).on_broker(ALERTS_FRAUD)
    async with AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap_servers(settings),
        auto_offset_reset="earliest",
        fetch_max_wait_ms=_FETCH_WAIT_MS,
    ) as consumer:

        async def consume() -> None:
            async for record in consumer:
                log.alerted.setdefault(msgspec.json.decode(record.value)["event_id"], time.perf_counter())

        consuming = asyncio.create_task(consume())
        try:
            yield
        finally:
            consuming.cancel()
            with suppress(asyncio.CancelledError):
                await consuming


def _ask(settings: Settings, log: _Log, over: threading.Event) -> None:
    """On a thread of its own: which rows are there, again and again."""
    with closing(Reader(settings)) as reader:
        while not over.is_set():
            last = {(topic, partition): offset for topic, partition, offset in reader.query(_VISIBLE)}
            log.seen.append((time.perf_counter(), last))
            over.wait(_ASK_EVERY_S)


def _all_visible(log: _Log) -> bool:
    last: dict[Place, int] = {}
    for place, offset in log.written.values():
        last[place] = max(offset, last.get(place, -1))
    return bool(log.seen) and all(log.seen[-1][1].get(place, -1) >= offset for place, offset in last.items())
