"""What isn't as the events and the changes have it is found, and nothing is said of whom a round can't have known."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace

import msgspec
import pytest

from schemas.segments.changes import SegmentChange
from schemas.topics import SEGMENT_CHANGES
from streams.clickhouse.migrate import migrate
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.errors import Fatal
from streams.segments.files import segments_of
from streams.segments.verified import OfSegment, Verified
from streams.segments.verify import verify
from streams.settings import Settings
from streams.worker.delivery import Delivery, Message
from tests.streams.segments.conftest import Start
from tests.streams.segments.crowd import START_MS, Shop
from tests.streams.segments.plain import DAY_MS, HOUR_MS, Event
from tests.streams.segments.rounds import look, told

NOW_MS = START_MS + 10 * DAY_MS
CARTS = "cart_abandoners"


def leaves_cart(user: str, at_ms: int) -> Event:
    return Event(user, "cart_add", at_ms, quantity=1, price=50.0)


@pytest.fixture
def looked(shop: Shop, start: Start) -> Shop:
    """Two have left a cart by the first round; by the second one has come back and bought it, and another has left."""
    shop.take([leaves_cart("ann", NOW_MS), leaves_cart("bob", NOW_MS)])
    shop.passes(NOW_MS + 2 * HOUR_MS)
    look(start())
    shop.take([Event("bob", "purchase", NOW_MS + 3 * HOUR_MS, amount=50.0), leaves_cart("eve", NOW_MS + 3 * HOUR_MS)])
    shop.passes(NOW_MS + 5 * HOUR_MS)
    look(start())
    return shop


def verified(settings: Settings) -> Verified:
    return verify(settings, [segments_of(settings)[CARTS]])


def test_nothing_is_said_before_the_first_round(on_broker: Settings) -> None:
    found = verified(on_broker)
    assert (found.ok, found.at_ms, found.segments) == (True, 0, [])


def test_all_is_as_it_should_be(on_broker: Settings, looked: Shop) -> None:
    found = verified(on_broker)
    assert found.problems == []
    assert found.segments == [OfSegment(name=CARTS, members=2, aside=0, missing=[], strange=[])]
    # Everybody is new besides, and who only looked on is so as well.
    assert (found.changes, found.messages, found.is_whole) == (8, 8, True)


def test_whoever_has_acted_since_is_left_aside(on_broker: Settings, looked: Shop, start: Start) -> None:
    looked.take([Event("ann", "purchase", NOW_MS + 4 * HOUR_MS, amount=50.0), leaves_cart("dan", NOW_MS)])
    found = verified(on_broker)
    assert found.ok
    assert found.segments == [OfSegment(name=CARTS, members=2, aside=2, missing=[], strange=[])]
    look(start())
    found = verified(on_broker)
    assert found.segments == [OfSegment(name=CARTS, members=2, aside=0, missing=[], strange=[])]


def test_members_are_not_held_against_events_that_may_have_expired(on_broker: Settings, looked: Shop) -> None:
    migrate(replace(on_broker, retention_events_days=200))
    with pytest.raises(Fatal, match=r"nothing is known any more, so segments can't be held against them"):
        verified(on_broker)


def test_events_that_the_profiles_lack_are_found(on_broker: Settings, looked: Shop, writer: Writer) -> None:
    """Rows that the ledger calls done, but that no profile has taken in."""
    row = {
        "topic": ["carts"],
        "partition": [0],
        "offset": [0],
        "event_id": ["lost"],
        "quantity": [1.0],
        "price": [99.0],
    }
    for user in ("zoe", "clock"):
        at = {"user_id": [user], "type_code": [4], "ts": [NOW_MS + HOUR_MS]}
        writer.insert("events", row | at, token=f"lost of {user}")
    found = verified(on_broker)
    assert not found.ok
    assert found.problems == [f"{CARTS}: 1 aren't in it, but should be by the events: zoe"]


def test_events_that_the_profiles_have_without_rows_are_found(
    on_broker: Settings, looked: Shop, reader: Reader
) -> None:
    reader.query("ALTER TABLE events DELETE WHERE user_id = 'eve' SETTINGS mutations_sync = 1")
    assert verified(on_broker).problems == [f"{CARTS}: 1 are in it, but shouldn't be by the events: eve"]


def test_members_that_no_change_made_are_found(on_broker: Settings, looked: Shop, reader: Reader) -> None:
    reader.query(
        "INSERT INTO segment_members (segment, user_id, number, inside, at_ms)"
        " SELECT 'loyal', 'zoe', 1, 1, max(at_ms) FROM segment_rounds"
    )
    assert verified(on_broker).problems == ["segment_members: 1 aren't as segment_changes has them"]


def send(delivery: Delivery, settings: Settings, change: SegmentChange) -> None:
    message = Message(settings.topic_prefix + SEGMENT_CHANGES, change.user_id.encode(), change.to_json())
    sent: Future[None] = delivery.send([message])
    sent.result(20)


def test_a_repeat_is_none_and_another_content_is_found(on_broker: Settings, looked: Shop, delivery: Delivery) -> None:
    one = msgspec.convert(told(on_broker)[0], SegmentChange)
    send(delivery, on_broker, one)
    assert verified(on_broker).ok
    send(delivery, on_broker, msgspec.structs.replace(one, reason="another"))
    assert verified(on_broker).problems == ["segments.changes: 1 repeats say something else than what came first"]


def test_a_change_that_wasnt_told_or_isnt_there_is_found(
    on_broker: Settings, looked: Shop, delivery: Delivery, reader: Reader
) -> None:
    one = msgspec.convert(told(on_broker)[0], SegmentChange)
    strange = msgspec.structs.replace(one, change_id="0" * 32, user_id="nobody")
    send(delivery, on_broker, strange)
    found = verified(on_broker).problems
    assert "segments.changes: 1 changes that segment_changes doesn't have" in found
    assert "segments.changes: replayed, it doesn't give the members" in found
    reader.query(
        "INSERT INTO segment_changes (segment, user_id, number, change, at_ms, change_id)"
        " SELECT 'loyal', 'zoe', 1, 'enter', max(at_ms), '1' FROM segment_rounds"
    )
    found = verified(on_broker).problems
    assert "segment_changes: 1 don't follow the shopper's change before" in found
    assert "segments.changes: 1 changes of segment_changes aren't told" in found
