"""Acknowledgements: on the real topic, as labels in the real tables, and each once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from schemas.topics import LABELS
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.desk.acknowledge import Acknowledged, Acknowledging, Verdict
from streams.desk.listing import Listed, of_ids
from streams.errors import Fatal, Invalid, Retryable
from streams.replay.partitioner import key_hash
from streams.settings import Settings
from tests.streams.desk.planted import T0, Planted
from tests.streams.desk.test_listing import HOSTILE
from tests.streams.worker.on_topic import records
from tests.streams.worker.owner import Owner, partition
from tests.streams.worker.runs import run_of

DEADLINE_S = 20.0
NOW_MS = T0 + 1_000
Ack = Callable[..., list[Acknowledged]]


@pytest.fixture
def ack(on_broker: Settings) -> Ack:
    """Acknowledges from a process of its own, as it were, at ``NOW_MS`` or later."""

    def acknowledge(ids: list[str], verdict: Verdict, *, now_ms: int = NOW_MS, by: str = "ann") -> list[Acknowledged]:
        async def work() -> list[Acknowledged]:
            async with Acknowledging(on_broker, clock_ms=lambda: now_ms) as desk:
                return await desk.acknowledge(ids, verdict, said_by=by)

        return asyncio.run(asyncio.wait_for(work(), DEADLINE_S))

    return acknowledge


class Workers:
    """One worker's parts, which take in what is on the labels topic."""

    def __init__(self, settings: Settings, reader: Reader, writer: Writer) -> None:
        self._settings = settings
        self._owner = Owner(settings, reader, writer)
        self._owner.take(set.union(*map(partition, range(settings.partitions))))

    def take_in(self) -> list[dict[str, Any]]:
        """All labels that are there so far; what was on the topic."""
        found = records(self._settings, LABELS)
        for number in range(self._settings.partitions):
            mine = [one for one in found if one.partition == number]
            if mine:
                self._owner.work(run_of(LABELS, mine, partition=number))
        return [json.loads(one.value) for one in found]


@pytest.fixture
def workers(on_broker: Settings, reader: Reader, writer: Writer) -> Iterator[Workers]:
    yield Workers(on_broker, reader, writer)


def standing(reader: Reader, settings: Settings, alert: str) -> Listed:
    (one,) = of_ids(reader, settings, [alert], now_ms=NOW_MS)
    return one


def labels(reader: Reader) -> list[tuple[Any, ...]]:
    return reader.query("SELECT type, target, verdict, event_id FROM labels FINAL ORDER BY ts, event_id")


def test_an_acknowledgement_becomes_a_label(
    on_broker: Settings, reader: Reader, planted: Planted, workers: Workers, ack: Ack
) -> None:
    alerts = [planted.alert(f"user {number}", "e") for number in range(6)]
    done = ack(alerts, "fraud")
    assert [(one.alert_id, one.verdict, one.before, one.is_new) for one in done] == [
        (alert, "fraud", "", True) for alert in alerts
    ]
    found = records(on_broker, LABELS)
    assert all(one.partition == key_hash(one.key) % on_broker.partitions for one in found)
    assert {one.key.decode(): json.loads(one.value)["target"] for one in found} == {
        f"user {number}": alert for number, alert in enumerate(alerts)
    }
    before = standing(reader, on_broker, alerts[0]).standing
    assert (before.state, before.verdict, before.said_by, before.acked_ms) == ("acknowledged", "fraud", "ann", NOW_MS)
    workers.take_in()
    assert sorted(labels(reader)) == sorted(("alert_ack", one.alert_id, "fraud", one.label) for one in done)
    assert standing(reader, on_broker, alerts[0]).standing == before, "the label changes nothing"
    assert reader.query("SELECT count() FROM dead_letters") == [(0,)]


def test_what_was_said_already_is_not_said_again(reader: Reader, planted: Planted, workers: Workers, ack: Ack) -> None:
    alert = planted.alert("u", "e")
    (first,) = ack([alert, alert], "ok")
    (second,) = ack([alert], "ok", now_ms=NOW_MS + 1)
    assert (first.is_new, second.is_new, second.verdict, second.label) == (True, False, "ok", first.label)
    assert len(workers.take_in()) == 1
    assert not ack([alert], "ok")[0].is_new
    assert not ack([alert], "ignore")[0].is_new, "it would take nothing back"
    assert len(workers.take_in()) == 1


def test_a_verdict_may_be_taken_back_and_given_again(
    on_broker: Settings, reader: Reader, planted: Planted, workers: Workers, ack: Ack
) -> None:
    alert = planted.alert("u", "e")
    said: list[Verdict] = ["ignore", "fraud", "ok", "fraud"]
    done = [ack([alert], verdict)[0] for verdict in said]  # all at one moment, and yet in this order
    assert [one.before for one in done] == ["", "ignore", "fraud", "ok"]
    workers.take_in()
    assert [verdict for _, _, verdict, _ in labels(reader)] == said
    assert len({one.label for one in done}) == 4
    assert standing(reader, on_broker, alert).standing.verdict == "fraud"


def test_a_chargeback_was_said_already_and_may_be_contradicted(
    on_broker: Settings, reader: Reader, planted: Planted, workers: Workers, ack: Ack
) -> None:
    alert = planted.alert("u", "e")
    planted.label("fraud_label", "u", "e", "fraud", 5_000)  # later than now
    assert not ack([alert], "fraud")[0].is_new
    assert ack([alert], "ok")[0].is_new
    (event,) = workers.take_in()
    assert event["ts"] == T0 + 5_001
    assert standing(reader, on_broker, alert).standing.verdict == "ok"


def test_a_crash_after_sending_is_one_label(
    on_broker: Settings,
    reader: Reader,
    planted: Planted,
    workers: Workers,
    ack: Ack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alert = planted.alert("u", "e")

    def crash(*_: object, **__: object) -> None:
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(Writer, "insert", crash)
        with pytest.raises(Crash):
            ack([alert], "fraud")
    assert ack([alert], "fraud", now_ms=NOW_MS + 5, by="bob")[0].is_new
    assert len(workers.take_in()) == 2
    assert len(labels(reader)) == 1
    assert standing(reader, on_broker, alert).standing.said_by == "bob"


class Crash(Exception):
    """A process that ended there."""


def test_two_who_say_the_same_at_once_say_it_once(
    on_broker: Settings, reader: Reader, planted: Planted, workers: Workers
) -> None:
    alert = planted.alert("u", "e")

    async def work() -> list[list[Acknowledged]]:
        async with Acknowledging(on_broker) as one, Acknowledging(on_broker) as other:
            desks = (one, one, other)
            return await asyncio.gather(*(desk.acknowledge([alert], "ok", said_by="ann") for desk in desks))

    done = asyncio.run(asyncio.wait_for(work(), DEADLINE_S))
    assert len({one.label for (one,) in done}) == 1
    workers.take_in()
    assert len(labels(reader)) == 1


def test_nothing_is_said_where_one_of_them_can_not_be(
    on_broker: Settings, reader: Reader, planted: Planted, ack: Ack
) -> None:
    alert, churn = planted.alert("u", "e"), planted.alert("u", "f", kind="churn")
    for hostile in HOSTILE:
        with pytest.raises(Invalid, match=r"^There is no alert "):
            ack([alert, hostile], "fraud")
    with pytest.raises(Invalid, match=f"^{churn} is an alert of churn, which takes ok or ignore$"):
        ack([alert, churn], "fraud")
    with pytest.raises(Invalid, match=r"^Who says so "):
        ack([alert], "fraud", by="")
    assert records(on_broker, LABELS) == []
    assert reader.query("SELECT count() FROM alert_acks") == [(0,)]
    assert ack([churn], "ok")[0].is_new


def test_without_broker_or_topic_nothing_is_acknowledged(on_broker: Settings, reader: Reader, planted: Planted) -> None:
    alert = planted.alert("u", "e")

    async def work(settings: Settings) -> None:
        async with Acknowledging(settings) as desk:
            await desk.acknowledge([alert], "ok", said_by="ann")

    with pytest.raises(Retryable, match=r"^Kafka at 127.0.0.1:1 .* doesn't answer"):
        asyncio.run(work(replace(on_broker, kafka="127.0.0.1:1")))
    with pytest.raises(Fatal, match=r"^topic elsewhere.labels does not exist"):
        asyncio.run(work(replace(on_broker, topic_prefix="elsewhere.")))
    assert standing(reader, on_broker, alert).standing.state == "open"
