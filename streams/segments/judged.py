"""How well segments tell what only a simulation knows of its shoppers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from streams.clickhouse.reader import Reader
from streams.segments.rounds import last_done
from streams.simulate.known import Known
from streams.simulate.rows import Fraud

DAY_MS = 86_400_000

_MEMBERS = "SELECT user_id FROM segment_members FINAL WHERE segment = %(segment)s AND inside"


class Judged(NamedTuple):
    segment: str
    truth: str
    """In words: who should be in it."""
    known: int
    """How many they are."""
    members: int
    both: int

    @property
    def recall(self) -> float | None:
        """Share of those who should be in it that are; None where there are none."""
        return self.both / self.known if self.known else None

    @property
    def precision(self) -> float | None:
        """Share of its members that should be in it; None where there are none."""
        return self.both / self.members if self.members else None


def _joined(known: Known, at_ms: int) -> set[str]:
    return {one.user_id for one in known.shoppers if at_ms - 7 * DAY_MS <= one.joined_ms <= at_ms}


def _abusers(known: Known, at_ms: int) -> set[str]:
    abuse = Fraud.REFUND_ABUSE.name.lower()
    return {one.user_id for one in known.shoppers if one.fraud == abuse and one.joined_ms <= at_ms < one.silent_ms}


def _defrauded(known: Known, at_ms: int) -> set[str]:
    return {one.user_id for one in known.purchases if one.fraud and at_ms - 30 * DAY_MS <= one.ts <= at_ms}


_TRUTHS: dict[str, tuple[str, Callable[[Known, int], set[str]]]] = {
    "new_shoppers": ("joined within 7 days", _joined),
    "heavy_returners": ("belongs to a ring that abuses refunds, and still comes", _abusers),
    "fraud_watch": ("a fraudulent purchase within 30 days", _defrauded),
}


def judged(reader: Reader, known: Known) -> Sequence[Judged]:
    """Of the segments that a simulation has a truth for, as of the leader's last round."""
    at_ms = last_done(reader).at_ms
    found = []
    for segment, (words, truth) in _TRUTHS.items():
        should = truth(known, at_ms)
        members = {user for (user,) in reader.query(_MEMBERS, {"segment": segment})}
        found.append(Judged(segment, words, len(should), len(members), len(should & members)))
    return found
