"""Labels that arrive, as risks that workers score with: told once each, whoever leads and whatever crashes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
import pytest

from models.catalogue import FRAUD
from models.partition import INSTRUMENTS
from models.risk import RiskBook
from schemas.events import EVENT_TYPES
from schemas.topics import CARTS, LABELS
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.leader import risks as telling
from streams.leader.risks import TellingRisks
from streams.settings import Secret, Settings
from streams.worker.costs import Costs
from streams.worker.following import Following
from streams.worker.risks import PolledRisks
from tests.streams.worker.owner import Owner, partition
from tests.streams.worker.runs import run_from

DAY_MS = 86_400_000
T0 = 20_000 * DAY_MS

Start = Callable[[], TellingRisks]


class Shop:
    """Rows in the tables, as workers would have put them there. Times are days after ``T0``."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._n = count()

    def _insert(self, table: str, row: dict[str, Any]) -> None:
        columns = {name: [value] for name, value in row.items()}
        self._writer.insert(table, columns, token=f"row-{next(self._n)}")

    def purchase(self, user: str, event: str, day: float, **named: str) -> None:
        about = {"topic": "carts", "user_id": user, "event_id": event, "ts": T0 + int(day * DAY_MS)}
        self._insert("events", about | {"type_code": EVENT_TYPES["purchase"]} | named)

    def label(self, user: str, target: str, verdict: str, day: float, kind: str = "fraud_label") -> None:
        offset = next(self._n)
        about = {"topic": "labels", "offset": offset, "event_id": f"label-{offset}", "user_id": user}
        told = {"type_code": EVENT_TYPES[kind], "ts": T0 + int(day * DAY_MS), "target": target, "verdict": verdict}
        self._insert("labels", about | told)

    def alert(self, alert_id: str, user: str, event: str) -> None:
        self._insert("alerts", {"alert_id": alert_id, "kind": "fraud", "user_id": user, "event_id": event})


@pytest.fixture
def shop(writer: Writer) -> Shop:
    return Shop(writer)


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    """A leader's duty, each that of a new process."""
    running: list[TellingRisks] = []
    clock_ms = count(1_800_000_000_000, 1000)

    def started() -> TellingRisks:
        running.append(TellingRisks(settings, clock_ms=clock_ms.__next__, stop=threading.Event()))
        return running[-1]

    yield started
    for duty in running:
        duty.close()


@pytest.fixture
def follower(settings: Settings) -> Iterator[Callable[[], RiskBook]]:
    """What a worker knows that has polled from the beginning on."""
    polled, book = PolledRisks(settings, stop=threading.Event()), RiskBook()

    def known() -> RiskBook:
        book.take_over(polled.poll())
        return book

    yield known
    polled.close()


@pytest.fixture(autouse=True)
def waiting_is_looked_at_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "WAITING_EVERY_S", -1.0)


def work(duty: TellingRisks) -> None:
    while duty.run():
        pass


def frauds(book: RiskBook, merchant: str, day: float = 10) -> float:
    """Of the last 30 days, decayed."""
    found = book.look_up("merchant", [merchant], np.array([T0 + int(day * DAY_MS)]))
    return float(found.frauds[0, -1])


def decayed(days: float) -> float:
    return float(np.exp(-days / 30))


@pytest.mark.parametrize("at_once", [False, True])
def test_what_is_told_is_what_a_book_of_the_last_verdicts_knows(
    shop: Shop, start: Start, follower: Callable[[], RiskBook], monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    monkeypatch.setattr(telling, "PAGE_LABELS", 7)
    rng = np.random.default_rng(3)
    ids = [f"m{n}" for n in range(4)]
    purchases = {}
    duty = start()
    for n in range(20):
        user, day = f"u{rng.integers(9)}", float(rng.uniform(0, 9))
        named = {kind: str(rng.choice(ids)) for kind in INSTRUMENTS}
        purchases[f"e{n}"] = user, T0 + int(day * DAY_MS), named
        shop.purchase(user, f"e{n}", day, **named)
    last = {}
    for day in range(45):
        event = str(rng.choice(list(purchases)))
        last[event] = rng.random() < 0.5
        shop.label(purchases[event][0], event, "fraud" if last[event] else "ok", day)
        if not at_once and day % 9 == 0:
            duty.run()
    work(duty)
    expected = RiskBook()
    for event, is_fraud in last.items():
        _, ts, named = purchases[event]
        for kind in INSTRUMENTS:
            expected.add(kind, [named[kind]], np.array([ts]), np.array([is_fraud]))
    at = np.full(len(ids), T0 + 12 * DAY_MS)
    for kind in INSTRUMENTS:
        for known, wanted in zip(follower().look_up(kind, ids, at), expected.look_up(kind, ids, at), strict=True):
            np.testing.assert_allclose(known, wanted, atol=1e-9)


def test_the_last_verdict_counts_once(shop: Shop, start: Start, follower: Callable[[], RiskBook]) -> None:
    shop.purchase("ann", "e", 0, merchant="shady")
    shop.label("ann", "e", "fraud", 1)
    duty = start()
    for verdict, day, expected in (
        ("fraud", 2, 1),  # again
        ("ok", 3, 0),
        ("fraud", 2.5, 0),  # late: it isn't the last
        ("fraud", 4, 1),
    ):
        work(duty)
        shop.label("ann", "e", verdict, day)
        work(duty)
        assert frauds(follower(), "shady") == pytest.approx(expected * decayed(10), abs=1e-12)


def test_a_label_waits_for_its_purchase_and_an_acknowledgement_for_its_alert(
    shop: Shop, start: Start, follower: Callable[[], RiskBook]
) -> None:
    shop.label("ann", "e", "fraud", 1)
    shop.label("bob", "alert of f", "fraud", 1, kind="alert_ack")
    shop.label("bob", "alert of f", "ignore", 2, kind="alert_ack")
    shop.label("eve", "never bought", "fraud", 1)
    duty = start()
    work(duty)
    assert frauds(follower(), "shady") == 0
    shop.purchase("ann", "e", 0, merchant="shady")
    shop.purchase("bob", "f", 0, merchant="shady")
    work(duty)
    assert frauds(follower(), "shady") == pytest.approx(decayed(10))
    shop.alert("alert of f", "bob", "f")
    work(duty)
    work(duty)
    assert frauds(follower(), "shady") == pytest.approx(2 * decayed(10))


def test_another_leader_goes_on_and_the_one_before_begins_anew(
    shop: Shop, start: Start, follower: Callable[[], RiskBook], reader: Reader
) -> None:
    first = start()
    for n, duty in enumerate([first, start(), start(), first, first]):
        shop.purchase("ann", f"e{n}", 0, merchant="shady", card=f"card {n}")
        shop.label("ann", f"e{n}", "fraud", 1)
        work(duty)
        assert frauds(follower(), "shady") == pytest.approx((n + 1) * decayed(10))
    assert reader.query("SELECT frauds FROM risks FINAL WHERE kind_name = 'merchant'") == [(5,)]


def test_another_leader_takes_back_what_was_corrected_meanwhile(
    shop: Shop, start: Start, follower: Callable[[], RiskBook], reader: Reader
) -> None:
    shop.purchase("ann", "e", 0, merchant="shady", card="stolen")
    shop.label("ann", "e", "fraud", 1)
    work(start())
    assert frauds(follower(), "shady") > 0
    shop.label("ann", "e", "ok", 2)
    work(start())
    assert frauds(follower(), "shady") == 0
    assert reader.query("SELECT kind_name, frauds FROM risks FINAL ORDER BY kind") == [("card", 0), ("merchant", 0)]


def test_a_failure_before_or_after_writing_counts_nothing_twice(
    shop: Shop, start: Start, follower: Callable[[], RiskBook], monkeypatch: pytest.MonkeyPatch
) -> None:
    duty = start()
    insert = Writer.insert

    def after(self: Writer, table: str, columns: Any, *, token: str) -> None:
        insert(self, table, columns, token=token)
        if table == "risks":
            raise OSError("the connection was lost")

    def before(self: Writer, table: str, columns: Any, *, token: str) -> None:
        if table == "risks":
            raise OSError("the connection was lost")
        insert(self, table, columns, token=token)

    for n, failing in enumerate([after, before]):
        shop.purchase("ann", f"e{n}", 0, merchant="shady")
        shop.label("ann", f"e{n}", "fraud", 1)
        with monkeypatch.context() as patched:
            patched.setattr(Writer, "insert", failing)
            with pytest.raises(OSError, match="lost"):
                work(duty)
        work(duty)
        assert frauds(follower(), "shady") == pytest.approx((n + 1) * decayed(10))


def test_a_purchase_is_scored_with_the_frauds_that_were_told_before_it(
    settings: Settings, reader: Reader, writer: Writer, start: Start
) -> None:
    """From the purchase's run, by way of its label's, to the next purchase's features."""
    owner, duty = Owner(settings, reader, writer), start()
    owner.take(partition(0))
    following = Following(replace(settings, model_key=Secret("a key")), stop=threading.Event(), costs=Costs())
    at = FRAUD.features.names.index("merchant_log_frauds_30d")
    seen = []
    for offset in range(3):
        (outcome,) = owner.work(run_from(CARTS, offset, offset, merchant="shady"))
        assert outcome.scored is not None
        fraud, *_ = outcome.scored.predictions
        seen.append(float(fraud.features[0, at]))
        if offset:
            owner.work(run_from(LABELS, 0, 0, target="event 0"))
        work(duty)
        owner.processor.follow(following.poll())
    following.close()
    assert seen == pytest.approx([0.0, 0.0, np.log(2.0)])
