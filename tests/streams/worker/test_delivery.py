"""Messages to a real broker, and what becomes of those that can't be delivered."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from schemas.topics import ALERTS_FRAUD, DEAD_LETTERS
from streams.errors import Fatal
from streams.settings import Settings
from streams.worker.delivery import Delivery, Message
from tests.streams.worker.on_topic import messages

DEADLINE_S = 20.0


def test_messages_are_on_their_topics_once_the_future_is_done(on_broker: Settings, delivery: Delivery) -> None:
    prefix = on_broker.topic_prefix
    alerts = [Message(prefix + ALERTS_FRAUD, b"user %d" % n, b"alert %d" % n) for n in range(50)]
    letters = [Message(prefix + DEAD_LETTERS, b"", b"\xff\0")]
    first, second = delivery.send([*alerts, *letters]), delivery.send([alerts[0]])
    first.result(DEADLINE_S)
    second.result(DEADLINE_S)
    assert sorted(messages(on_broker, ALERTS_FRAUD)) == sorted(
        (key, value) for _, key, value, *_ in [*alerts, alerts[0]]
    )
    assert messages(on_broker, DEAD_LETTERS) == [(b"", b"\xff\0")]


def test_nothing_to_send_is_done(delivery: Delivery) -> None:
    delivery.send([]).result(DEADLINE_S)


def test_starting_again_keeps_the_connection(
    on_broker: Settings, delivery: Delivery, loop: asyncio.AbstractEventLoop
) -> None:
    asyncio.run_coroutine_threadsafe(delivery.start(), loop).result(DEADLINE_S)
    delivery.send([Message(on_broker.topic_prefix + DEAD_LETTERS, b"k", b"v")]).result(DEADLINE_S)


def test_what_can_not_be_sent_is_fatal_and_named(on_broker: Settings, delivery: Delivery) -> None:
    topic = on_broker.topic_prefix + DEAD_LETTERS
    with pytest.raises(Fatal, match=f"^{topic}: messages could not be delivered: ") as failed:
        delivery.send([Message(topic, b"ann", b"boots" * 1_000_000)]).result(DEADLINE_S)
    assert "boots" not in str(failed.value)


def test_a_broker_that_does_not_answer_is_fatal_in_time(unused_port: int) -> None:
    settings = Settings(kafka=f"127.0.0.1:{unused_port}", outage_deadline_s=1)
    with pytest.raises(Fatal, match=f"^Kafka at 127.0.0.1:{unused_port} can't be reached"):
        asyncio.run(asyncio.wait_for(Delivery(settings).start(), DEADLINE_S))


def test_stopping_what_never_started_does_nothing() -> None:
    asyncio.run(Delivery(replace(Settings(), outage_deadline_s=1)).stop())
