"""A simulated shop's weeks through real workers, on servers that are there until the end."""

from __future__ import annotations

import asyncio
import random
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from deploy.local.child import Child
from deploy.local.stack import Endpoints, LocalStack
from deploy.local.workers import TEXT_WORKER, WorkerProcess
from schemas.topics import REVIEWS, TopicNames
from streams.clickhouse.migrate import migrate
from streams.clickhouse.reader import Reader
from streams.errors import Fatal
from streams.leader.watermark import watermark_ms
from streams.model_control import ModelControl
from streams.settings import Secret, Settings
from streams.simulate.sentences import N_UNHAPPY, sentences
from streams.transport.topics import ensure_topics
from streams.worker.delivery import Delivery, Message

STARTS = datetime(2025, 3, 1, tzinfo=UTC)
DAYS = 400
LOOKED_AT = STARTS + timedelta(days=50, hours=19)
"""Event time from which on pictures are taken, while events of the days after go on coming."""
JUDGED_DAYS = 12
ALERTS = 8
SHOPPERS = 2_000
RATE = 2_500
DEADLINE_S = 900.0
_POLL_S = 1.0

_SETTINGS = Settings(
    partitions=2,
    churn_horizon_days=14.0,
    fraud_threshold=0.3,
    churn_threshold=0.6,
    fraud_alerts_per_day=8.0,
    churn_alerts_per_day=4.0,
    segment_interval_s=5.0,
)
_DAY_MS = 86_400_000
_JUDGED = "SELECT uniqExact(day) FROM model_metrics WHERE model = 'churn-linear'"
_ALERTED = "SELECT count() FROM alerts FINAL WHERE kind = 'fraud'"
_ASSIGNED = "SELECT uniqExact(worker) FROM assignments"


@contextmanager
def open_shop(folder: Path) -> Iterator[Settings]:
    """Blocks for some minutes, until event time has come to ``LOOKED_AT`` and there is something to see. Raises
    ``Fatal`` where it doesn't within ``DEADLINE_S``."""
    with ExitStack() as closing:
        stack = LocalStack(folder / "stack")
        closing.callback(stack.down)
        here = stack.up()
        settings = _settings(here)
        migrate(settings)
        asyncio.run(ensure_topics(settings))
        _challenge(settings)
        env = settings.to_env()
        workers = [
            closing.enter_context(WorkerProcess("worker-1", env, folder)),
            closing.enter_context(WorkerProcess("reader-1", env, folder, command=TEXT_WORKER)),
        ]
        reader = Reader(settings)
        closing.callback(reader.close)
        _wait(lambda: reader.query(_ASSIGNED)[0][0] == 2, workers, "Workers take partitions")
        closing.enter_context(Child(_simulation(), env, folder / "simulate.log"))
        looked_ms = LOOKED_AT.timestamp() * 1000
        _wait(lambda: watermark_ms(reader) >= looked_ms, workers, f"The shop comes to {LOOKED_AT:%Y-%m-%d}")
        _wait(lambda: reader.query(_JUDGED)[0][0] >= JUDGED_DAYS, workers, f"{JUDGED_DAYS} days of scores are judged")
        _wait(lambda: reader.query(_ALERTED)[0][0] >= ALERTS, workers, f"{ALERTS} purchases are alerted")
        asyncio.run(_send(settings, list(_reviews(watermark_ms(reader)))))
        yield settings


def _settings(here: Endpoints) -> Settings:
    url = f"clickhouse://default@{here.clickhouse_host}:{here.clickhouse_port}/default"
    return replace(_SETTINGS, kafka=here.kafka, clickhouse=Secret(url), model_key=Secret(secrets.token_hex(32)))


def _challenge(settings: Settings) -> None:
    control = ModelControl(settings)
    control.challenge("churn-linear", who="ops", why="to compare with")
    control.close()


def _simulation() -> list[str]:
    start = STARTS.strftime("%Y-%m-%d")
    options = {"shoppers": SHOPPERS, "start": start, "days": DAYS, "rate": RATE, "fraud": 0.04}
    return [sys.executable, "-m", "streams", "simulate", *(f"--{name}={value}" for name, value in options.items())]


def _wait(true: Callable[[], bool], workers: list[WorkerProcess], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not true():
        for worker in workers:
            worker.check()
        if time.monotonic() > deadline:
            raise Fatal(f"{what}: not within {DEADLINE_S:g} s")
        time.sleep(_POLL_S)


def _reviews(now_ms: int) -> Iterator[dict[str, Any]]:
    """Of four items that were liked until three weeks ago: the simulation's reviews are spread over too many items to
    tell of any."""
    rng = random.Random(1)  # noqa: S311 - no secret
    unhappy, happy = sentences()[:N_UNHAPPY], sentences()[N_UNHAPPY:]
    for item in ("shoes-17", "lamps-204", "audio-33", "coats-9"):
        for number in range(24):
            days_ago = rng.uniform(0, 64)
            liked = rng.random() < (0.25 if days_ago < 21 else 0.9)
            text = msgspec.json.decode(b'"' + rng.choice(happy if liked else unhappy) + b'"')
            yield {
                "type": "review",
                "event_id": f"{item}-review-{number}",
                "user_id": f"u{rng.randrange(SHOPPERS)}",
                "ts": now_ms - round(days_ago * _DAY_MS),
                "item": item,
                "rating": 5 if liked else 2,
                "text": text,
            }


async def _send(settings: Settings, events: list[dict[str, Any]]) -> None:
    topic = TopicNames(prefix=settings.topic_prefix).on_broker(REVIEWS)
    delivery = Delivery(settings)
    await delivery.start()
    try:
        messages = [Message(topic, event["user_id"].encode(), msgspec.json.encode(event)) for event in events]
        await asyncio.wrap_future(delivery.send(messages))
    finally:
        await delivery.stop()
