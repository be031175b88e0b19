"""A verdict on alerts: an ``alert_ack`` on the topic ``labels``, which becomes a label as any other there.

``fraud`` and ``ok`` are about the purchase, and models learn them; ``ignore`` says that nobody needs to look at the
alert any more, and teaches nothing. Alerts of churn take ``ok`` and ``ignore``, of which no model learns: whether a
shopper has churned, the shopper shows.

The acknowledgement's id depends on the alert, the verdict, and the label that was the last until then. So the same said
twice at once, or again after a failure, is one label, and a verdict can be taken back and given again. Its time is the
clock's, or just after the last label where that is later: what is said last counts.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

import msgspec

from schemas.alerts import Kind
from schemas.topics import LABELS, TopicNames
from streams.clickhouse.columns import Column
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.concurrency import SingleThread
from streams.desk import given
from streams.desk.listing import Listed, of_ids
from streams.desk.standing import WEIGHTS
from streams.errors import Fatal, Invalid
from streams.settings import Settings
from streams.transport.topics import describe
from streams.worker.delivery import Delivery, Message

Verdict = Literal["fraud", "ok", "ignore"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
VERDICTS_OF: dict[Kind, tuple[Verdict, ...]] = {"fraud": VERDICTS, "churn": ("ok", "ignore")}


def clock_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, kw_only=True)
class Acknowledged:
    """What became of one alert."""

    alert_id: str
    verdict: str
    """That counts now."""
    before: str
    """That counted before; empty for none."""
    is_new: bool
    """Whether an acknowledgement was sent. None is where it would say what was said already, or would take nothing
    back, as an ``ignore`` of what was said to be a fraud."""
    label: str
    """``event_id`` of the acknowledgement, or of the last label where none was sent."""


class Acknowledging:
    """For any number of tasks of one event loop, none of which it blocks. An async context manager.

    Connections are made by the first call that needs them, and kept. ClickHouse is asked on a thread of its own. A
    caller who can't wait for as long as ``outage_deadline_s`` gives settings with a shorter one; one that is cancelled
    may ask the same again.

    Parameters
    ----------
    keeps
        Whether what is said is written to ``alert_acks`` too, and so counts at once. Without, for those who may only
        read, it counts once a worker has read it, and who said it isn't kept.
    """

    def __init__(self, settings: Settings, *, clock_ms: Callable[[], int] = clock_ms, keeps: bool = True) -> None:
        self._settings = settings
        self._keeps = keeps
        self._clock_ms = clock_ms
        self._topic = TopicNames(prefix=settings.topic_prefix).on_broker(LABELS)
        self._reader, self._writer = Reader(settings), Writer(settings)
        self._delivery = Delivery(settings)
        self._connecting = asyncio.Lock()
        self._is_connected = False
        self._thread = SingleThread("desk")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._delivery.stop()
        await self._thread.call(self._reader.close)
        await self._thread.call(self._writer.close)
        self._thread.end(wait=True)

    async def acknowledge(self, alert_ids: Sequence[str], verdict: Verdict, *, said_by: str) -> list[Acknowledged]:
        """Say it of each of these alerts; returns once the broker has all that was sent.

        Raises ``Invalid`` for an alert that isn't there or takes no such verdict, and then nothing was sent;
        ``Retryable`` where no broker answers; ``Fatal`` where the topic isn't there, or a service is gone for too long.
        """
        given.text("Who says so", said_by)
        now_ms = self._clock_ms()
        found = await self._thread.call(lambda: of_ids(self._reader, self._settings, alert_ids, now_ms=now_ms))
        for one in found:
            _check(one, verdict)
        done = [_acknowledged(one, verdict) for one in found]
        told = [(one, ack, max(now_ms, one.standing.last_said_ms + 1)) for one, ack in zip(found, done, strict=True)]
        told = [(one, ack, at_ms) for one, ack, at_ms in told if ack.is_new]
        if told:
            await self._connect()
            messages = [self._message(one, ack, at_ms) for one, ack, at_ms in told]
            await asyncio.wrap_future(self._delivery.send(messages))
            if self._keeps:
                await self._thread.call(lambda: self._keep([(ack, at_ms) for _, ack, at_ms in told], said_by))
        return done

    async def _connect(self) -> None:
        async with self._connecting:
            if self._is_connected:
                return
            # Sending to a topic that isn't there may create it, with partitions of the broker's choice.
            if self._topic not in await describe(self._settings):
                raise Fatal(f"topic {self._topic} does not exist; create it with `footfall topics create`")
            await self._delivery.start()
            self._is_connected = True

    def _message(self, one: Listed, ack: Acknowledged, at_ms: int) -> Message:
        """To the partition that Kafka's default partitioner gives the shopper."""
        user_id = one.alert.user_id
        event: dict[str, Any] = {
            "type": "alert_ack",
            "event_id": ack.label,
            "user_id": user_id,
            "ts": at_ms,
            "target": ack.alert_id,
            "verdict": ack.verdict,
        }
        return Message(self._topic, user_id.encode(), msgspec.json.encode(event))

    def _keep(self, sent: Sequence[tuple[Acknowledged, int]], said_by: str) -> None:
        acks = [ack for ack, _ in sent]
        columns: dict[str, Column] = {
            "alert_id": [ack.alert_id for ack in acks],
            "label": [ack.label for ack in acks],
            "verdict": [ack.verdict for ack in acks],
            "said_ms": [at_ms for _, at_ms in sent],
            "said_by": [said_by] * len(sent),
        }
        said = [f"{ack.label} at {at_ms}" for ack, at_ms in sent]
        self._writer.insert("alert_acks", columns, token=f"alert_acks-{_digest([*said, said_by])}")


def _check(one: Listed, verdict: Verdict) -> None:
    kind = one.alert.kind
    if verdict not in VERDICTS_OF[kind]:
        raise Invalid(f"{one.alert.alert_id} is an alert of {kind}, which takes {' or '.join(VERDICTS_OF[kind])}")


def _acknowledged(one: Listed, verdict: Verdict) -> Acknowledged:
    alert_id, standing = one.alert.alert_id, one.standing
    is_new = verdict != standing.verdict and WEIGHTS[verdict] >= WEIGHTS.get(standing.verdict, 0)
    return Acknowledged(
        alert_id=alert_id,
        verdict=verdict if is_new else standing.verdict,
        before=standing.verdict,
        is_new=is_new,
        label=_digest([alert_id, verdict, standing.last_label]) if is_new else standing.last_label,
    )


def _digest(parts: Sequence[str]) -> str:
    """32 hexadecimal digits."""
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:32]
