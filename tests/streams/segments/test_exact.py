"""Each segment's members are those that plain Python finds in the raw events, at any time, silent shoppers included."""

from __future__ import annotations

from schemas.topics import LABELS
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.segments.count import count
from streams.segments.files import segments_of
from streams.segments.verify import verify
from streams.settings import Settings
from tests.streams.segments.conftest import Start
from tests.streams.segments.crowd import START_MS, Shop, events
from tests.streams.segments.plain import DAY_MS, DEFINITIONS, HOUR_MS, Known, memberships
from tests.streams.segments.rounds import by_changes, look, members, replayed, told

CLOCK = "clock"
MOMENTS_D = (8.2, 33.1, 35.2, 44.1, 49.9, 50.0, 99.5)
"""The last after weeks in which nobody did anything."""
VERIFIED_D = (44.1, 99.5)
"""Of those: when the command's own query over raw events is asked, too."""


def views(reader: Reader) -> dict[str, set[str]]:
    return {
        name: {user for (user,) in reader.query(f"SELECT user_id FROM segment_{name}") if user != CLOCK}
        for name in DEFINITIONS
    }


def without_clock(found: dict[str, set[str]]) -> dict[str, set[str]]:
    return {name: found.get(name, set()) - {CLOCK} for name in DEFINITIONS}


def know(writer: Writer, now: int) -> Known:
    """Churn scores, a fraud alert that stands and one that was cleared, and a verdict, as of ``now``."""
    users = [f"user {number}" for number in range(80)]
    score = {user: 0.5013 + 0.005 * (place + now // HOUR_MS) % 0.49 for place, user in enumerate(users)}
    n = len(users)
    columns = {
        "user_id": users,
        "as_of_ms": [now] * n,
        "last_ms": [now] * n,
        "churn_state": [2] * n,
        "churn_score": list(score.values()),
    }
    writer.insert("shopper_scores", columns, token=f"scores-{now}")
    alerted = {"user 1": START_MS + 30 * DAY_MS, "user 2": START_MS + 32 * DAY_MS, "user 3": START_MS + 33 * DAY_MS}
    rows = {user: at_ms for user, at_ms in alerted.items() if at_ms <= now}
    writer.insert(
        "alerts",
        {
            "alert_id": [f"alert of {user}" for user in rows],
            "event_id": [f"order of {user}" for user in rows],
            "kind": ["fraud"] * len(rows),
            "user_id": list(rows),
            "ts": list(rows.values()),
            "score": [0.97] * len(rows),
        },
        token=f"alerts-{now}",
    )
    # Of user 2 the alert is acknowledged as fine; of user 3 the purchase was said to be fine, and then a fraud.
    said = [(21, "user 2", "alert of user 2", "ok", 34), (20, "user 3", "order of user 3", "ok", 35)]
    said += [(21, "user 3", "alert of user 3", "fraud", 36), (20, "user 4", "some order", "fraud", 10)]
    said = [row for row in said if START_MS + row[4] * DAY_MS <= now]
    writer.insert(
        "labels",
        {
            "topic": [LABELS] * len(said),
            "event_id": [f"label {row[4]}" for row in said],
            "type_code": [row[0] for row in said],
            "user_id": [row[1] for row in said],
            "target": [row[2] for row in said],
            "verdict": [row[3] for row in said],
            "ts": [START_MS + row[4] * DAY_MS for row in said],
        },
        token=f"labels-{now}",
    )
    writer.insert("ledger", {"topic": [LABELS], "partition": [0]}, token=f"ledger-{now}")
    day = (now - START_MS) / DAY_MS
    standing = {user: at for user, at in rows.items() if not (user == "user 2" and day >= 34)}
    standing = {user: at for user, at in standing.items() if not (user == "user 3" and 35 <= day < 36)}
    found = {"user 4": START_MS + 10 * DAY_MS} if day >= 10 else {}
    found |= {"user 3": START_MS + 36 * DAY_MS} if day >= 36 else {}
    return Known(churn=score, fraud_alert_ms=standing, fraud_ms=found)


def test_members_are_those_of_a_plain_definition_over_the_raw_events(
    on_broker: Settings, shop: Shop, start: Start, reader: Reader, writer: Writer
) -> None:
    log = events(shoppers=80, seed=1)
    segments = list(segments_of(on_broker).values())
    assert {segment.name for segment in segments} == DEFINITIONS.keys()
    expected: dict[str, set[str]] = {}
    ever: dict[str, set[str]] = {name: set() for name in DEFINITIONS}
    ever_left: dict[str, set[str]] = {name: set() for name in DEFINITIONS}
    taken = 0
    for day in MOMENTS_D:
        now = START_MS + int(day * DAY_MS)
        until = next((place for place, event in enumerate(log) if event.ts > now), len(log))
        shop.take(log[taken:until])
        shop.passes(now)
        taken = until
        before, expected = expected, memberships(expected, log[:until], now, know(writer, now))
        assert views(reader) == expected, f"live, on day {day}"
        live = count(reader, segments)
        look(start())
        assert without_clock(members(reader)) == expected, f"by the round, on day {day}"
        if day in VERIFIED_D:
            verified = verify(on_broker, segments)
            assert verified.problems == []
            counted = {one.name: (one.members, one.aside) for one in verified.segments}
            assert counted == {name: (len(members(reader).get(name, ())), 0) for name in DEFINITIONS}
        clock = {name for name, users in members(reader).items() if CLOCK in users}
        assert live == {name: len(users) + (name in clock) for name, users in expected.items()}
        for name, users in expected.items():
            ever[name] |= users
            ever_left[name] |= before.get(name, set()) - users
    assert views(reader) == expected, "live, after a round"
    assert {name for name in DEFINITIONS if not ever[name]} == set(), "segments without members"
    assert {name for name in DEFINITIONS if not ever_left[name]} == set(), "segments that nobody left"
    assert without_clock(replayed(told(on_broker))) == without_clock(by_changes(reader)) == expected
    held_out = reader.query(
        "SELECT segment, user_id, groupUniqArray(held_out) AS arms FROM segment_changes GROUP BY 1, 2"
    )
    assert all(len(arms) == 1 for *_, arms in held_out)
