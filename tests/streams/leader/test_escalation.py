"""Alerts that nobody acknowledges are told once, on a real engine and broker."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas.json_schema import json_schema
from schemas.topics import ALERTS_SYSTEM
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.leader.escalation import Escalation
from streams.settings import Settings
from streams.worker.delivery import Delivery
from tests.streams.desk.plain import PlainAlert, Said
from tests.streams.desk.planted import MINUTE_MS, T0, Planted
from tests.streams.dying import Killed, dying_delivery, dying_query, dying_writer
from tests.streams.worker.on_topic import messages

LIMIT_MIN = 30
LIMIT_MS = LIMIT_MIN * MINUTE_MS

Look = Callable[..., None]


@pytest.fixture
def planted(writer: Writer) -> Planted:
    return Planted(writer)


@pytest.fixture
def started(on_broker: Settings, delivery: Delivery) -> Iterator[Callable[..., Escalation]]:
    """Starts the duty as a new leader would, at a time that stands still."""
    running: list[Escalation] = []

    def start(minutes: float, **changes: Any) -> Escalation:
        settings = replace(on_broker, **{"alert_escalate_minutes": LIMIT_MIN, "alert_expire_hours": 24.0} | changes)
        clock_ms = T0 + round(minutes * MINUTE_MS)
        running.append(Escalation(settings, delivery, clock_ms=lambda: clock_ms, stop=threading.Event()))
        return running[-1]

    yield start
    for one in running:
        one.close()


@pytest.fixture
def look(started: Callable[..., Escalation]) -> Look:
    return lambda minutes, **changes: started(minutes, **changes).run() and None


def told(settings: Settings) -> list[dict[str, Any]]:
    return [json.loads(value) for _, value in messages(settings, ALERTS_SYSTEM)]


def digests(reader: Reader) -> dict[tuple[str, int], set[str]]:
    """The alerts by kind and number."""
    found: dict[tuple[str, int], set[str]] = {}
    for kind, number, alert in reader.query("SELECT kind, number, alert_id FROM alert_escalations FINAL"):
        found.setdefault((kind, number), set()).add(alert)
    return found


def test_alerts_that_wait_too_long_are_told_once(
    on_broker: Settings, reader: Reader, planted: Planted, look: Look
) -> None:
    waiting = {planted.alert("u", f"w{number}", number * MINUTE_MS, score=0.9 + number / 100) for number in range(3)}
    churn = planted.alert("u", "c", 0, kind="churn")
    planted.alert("u", "too new", 3 * MINUTE_MS)
    planted.alert("u", "covered", 0, suppressed_by="another")
    planted.alert("u", "expired", -24 * 60 * MINUTE_MS)
    planted.ack(planted.alert("u", "acknowledged", 0), "label", "ignore", MINUTE_MS, "ann")
    planted.label("fraud_label", "u", "charged back", "fraud", MINUTE_MS)
    planted.alert("u", "charged back", 0)
    planted.snooze(planted.alert("u", "snoozed", 0), 60 * MINUTE_MS, 1)

    look(LIMIT_MIN - 1)
    assert told(on_broker) == []
    look(LIMIT_MIN + 2)
    look(LIMIT_MIN + 2)
    assert digests(reader) == {("fraud", 1): waiting, ("churn", 1): {churn}}
    fraud, of_churn = sorted(told(on_broker), key=lambda one: str(one["subject"]), reverse=True)
    assert (fraud["kind"], fraud["subject"], fraud["model"]) == ("alerts.unacked", "fraud", "")
    assert (fraud["value"], fraud["threshold"], fraud["day"]) == (32.0, 30.0, "2023-11-14")
    assert fraud["raised_ms"] == T0 + (LIMIT_MIN + 2) * MINUTE_MS
    assert fraud["text"] == (
        "3 alerts of fraud have waited for 30 min or longer without being acknowledged:"
        " the oldest since 2023-11-14 22:13 UTC, the highest score 0.92."
    )
    assert of_churn["text"].startswith("An alert of churn has waited")
    Draft202012Validator(json_schema([ALERTS_SYSTEM])).validate({ALERTS_SYSTEM: fraud})
    rows = reader.query("SELECT alert_id, kind, subject, text FROM system_alerts FINAL ORDER BY subject DESC")
    assert rows == [(one["alert_id"], "alerts.unacked", one["subject"], one["text"]) for one in (fraud, of_churn)]


def test_a_flood_is_one_digest_and_the_next_comes_after_a_while(
    on_broker: Settings, reader: Reader, planted: Planted, look: Look
) -> None:
    with planted.together():
        first = {planted.alert(f"user {number}", "e", number) for number in range(3_000)}
    for minutes in (LIMIT_MIN + 1, LIMIT_MIN + 2, LIMIT_MIN + 3):
        look(minutes)
        planted.alert("late", f"{minutes}", 5 * MINUTE_MS + minutes)
    look(2 * LIMIT_MIN)
    assert [one["text"][:24] for one in told(on_broker)] == ["3,000 alerts of fraud ha"]
    look(2 * LIMIT_MIN + 1)
    look(9 * LIMIT_MIN)
    assert [one["text"][:17] for one in told(on_broker)] == ["3,000 alerts of f", "3 alerts of fraud"]
    found = digests(reader)
    assert (found["fraud", 1], len(found["fraud", 2]), len(found)) == (first, 3, 2)


def test_nothing_is_told_without_a_limit(on_broker: Settings, reader: Reader, planted: Planted, look: Look) -> None:
    planted.alert("u", "e", 0)
    look(10 * LIMIT_MIN, alert_escalate_minutes=0.0)
    assert (told(on_broker), digests(reader)) == ([], {})
    look(1_000_000, alert_expire_hours=0.0)
    assert len(told(on_broker)) == 1, "nothing expires where that isn't wanted"


DEATHS = {
    "before the alerts are claimed": lambda: dying_query("INSERT", after=False),
    "after the alerts are claimed": lambda: dying_query("INSERT", after=True),
    "before it is in its table": lambda: dying_writer("system_alerts", after=False),
    "after it is in its table": lambda: dying_writer("system_alerts", after=True),
    "before it is sent": lambda: dying_delivery(after=False),
    "after it is sent": lambda: dying_delivery(after=True),
    "before it is done": lambda: dying_writer("alert_digests", after=False),
    "after it is done": lambda: dying_writer("alert_digests", after=True),
}


@pytest.mark.parametrize("death", DEATHS)
def test_a_crash_at_any_step_tells_each_alert_in_one_digest(
    on_broker: Settings,
    reader: Reader,
    planted: Planted,
    look: Look,
    monkeypatch: pytest.MonkeyPatch,
    death: str,
) -> None:
    """Meanwhile one is acknowledged and another comes to the limit, so that whoever looks again would find others."""
    before = [planted.alert("u", event, 0) for event in "abc"]
    later = planted.alert("u", "d", MINUTE_MS)
    with monkeypatch.context() as patch:
        patch.setattr(*DEATHS[death]())
        with pytest.raises(Killed):
            look(LIMIT_MIN)
    planted.ack(before[0], "label", "ok", LIMIT_MS + 1, "ann")
    look(LIMIT_MIN + 1)
    look(3 * LIMIT_MIN)
    look(5 * LIMIT_MIN)
    claimed = death != "before the alerts are claimed"
    expected = [set(before), {later}] if claimed else [{*before[1:], later}]
    assert digests(reader) == {("fraud", number + 1): alerts for number, alerts in enumerate(expected)}
    messages = told(on_broker)
    different = {json.dumps(message) for message in messages}
    assert len(different) == len({message["alert_id"] for message in messages}) == len(expected)
    sent_twice = death in ("after it is sent", "before it is done")
    assert len(messages) == len(expected) + sent_twice
    assert reader.query("SELECT count() FROM system_alerts FINAL") == [(len(expected),)]
    assert reader.query("SELECT number, alerts FROM alert_digests FINAL ORDER BY number") == [
        (number + 1, len(alerts)) for number, alerts in enumerate(expected)
    ]


def test_two_leaders_at_once_leave_none_out(
    on_broker: Settings,
    reader: Reader,
    planted: Planted,
    look: Look,
    started: Callable[..., Escalation],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The one before looks; when it is about to claim, the next one has come, and tells."""
    planted.alert("u", "a", 0)
    query = Reader.query

    def overtaken(self: Reader, sql: str, params: Any = None) -> Any:
        if sql.startswith("INSERT") and params["now_ms"] == T0 + LIMIT_MS:
            look(LIMIT_MIN + 0.001)
        return query(self, sql, params)

    monkeypatch.setattr(Reader, "query", overtaken)
    started(LIMIT_MIN).run()
    assert len({one["alert_id"] for one in told(on_broker)}) == 1, "they found the same"
    assert list(digests(reader)) == [("fraud", 1)]


def test_over_a_day_each_is_told_when_the_plain_definition_says(reader: Reader, planted: Planted, look: Look) -> None:
    draw = random.Random(5)  # noqa: S311 - no secret
    alerts: list[PlainAlert] = []
    expected: dict[tuple[str, int], set[str]] = {}
    number, last, step = 0, -LIMIT_MS, 20 * MINUTE_MS
    for now in range(0, 16 * step, step):
        for _ in range(draw.randrange(3)):
            made = planted.alert("u", f"e{len(alerts)}", now)
            alerts.append(PlainAlert(made, "fraud", "u", f"e{len(alerts)}", now))
        for alert in draw.sample(alerts, k=min(2, len(alerts))):
            if draw.random() < 0.5:
                planted.ack(alert.alert_id, "label", "ok", now, "ann")
                alert.said.append(Said("ok", now, "label"))
            elif all(said != now for said, _ in alert.snoozes):
                planted.snooze(alert.alert_id, now + 2 * step, now)
                alert.snoozes.append((now, now + 2 * step))
        look(now / MINUTE_MS, alert_expire_hours=3.0)
        if now - last >= LIMIT_MS:
            found = {alert.alert_id for alert in alerts if is_due(alert, now)}
            for alert in alerts:
                if alert.alert_id in found:
                    alert.escalated.append(now)
            if found:
                number, last = number + 1, now
                expected["fraud", number] = found
    assert digests(reader) == expected
    assert number >= 3


def is_due(alert: PlainAlert, now: int) -> bool:
    told_ms = max(alert.escalated, default=-1)
    waits = alert.state(now, 180 * MINUTE_MS) == "open" and now - alert.since >= LIMIT_MS
    return waits and (told_ms < 0 or told_ms < alert.snoozed_until)
