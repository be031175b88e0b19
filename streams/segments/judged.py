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
    found: int
    """Of the known, those who are members."""
    right: int
    """Of the members, those who should be in it, or may still be: who was in it leaves a little later."""

    @property
    def recall(self) -> float | None:
        """Share of those who should be in it that are; None where there are none."""
        return self.found / self.known if self.known else None

    @property
    def precision(self) -> float | None:
        """Share of its members that are right; None where there are none."""
        return self.right / self.members if self.members else None


Who = Callable[[Known, int], set[str]]


def _joined(days: int) -> Who:
    return lambda known, at_ms: {
        one.user_id for one in known.shoppers if at_ms - days * DAY_MS <= one.joined_ms <= at_ms
    }


def _abusers(known: Known, at_ms: int) -> set[str]:
    abuse = Fraud.REFUND_ABUSE.name.lower()
    return {one.user_id for one in known.shoppers if one.fraud == abuse and one.joined_ms <= at_ms < one.silent_ms}


def _defrauded(days: int) -> Who:
    return lambda known, at_ms: {
        one.user_id for one in known.purchases if one.fraud and at_ms - days * DAY_MS <= one.ts <= at_ms
    }


class _Truth(NamedTuple):
    words: str
    enters: Who
    stays: Who


_TRUTHS = {
    "new_shoppers": _Truth("joined within 7 days, or 8 to stay", _joined(7), _joined(8)),
    "heavy_returners": _Truth("belongs to a ring that abuses refunds, and still comes", _abusers, _abusers),
    "fraud_watch": _Truth("a fraudulent purchase within 30 days, or 33 to stay", _defrauded(30), _defrauded(33)),
}


def judged(reader: Reader, known: Known) -> Sequence[Judged]:
    """Of the segments that a simulation has a truth for, as of the leader's last round."""
    at_ms = last_done(reader).at_ms
    judgements = []
    for segment, truth in _TRUTHS.items():
        should, may = truth.enters(known, at_ms), truth.stays(known, at_ms)
        members = {user for (user,) in reader.query(_MEMBERS, {"segment": segment})}
        found, right = len(should & members), len(may & members)
        judgements.append(Judged(segment, truth.words, len(should), len(members), found, right))
    return judgements
