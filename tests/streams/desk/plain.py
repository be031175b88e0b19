"""How alerts stand, told a fact at a time: what the desk's SQL is held against."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Said:
    verdict: str
    at: int
    label: str
    who: str = ""
    is_ack: bool = True


@dataclass
class PlainAlert:
    alert_id: str
    kind: str
    user: str
    event: str
    raised: int
    suppressed_by: str = ""
    said: list[Said] = field(default_factory=list)
    snoozes: list[tuple[int, int]] = field(default_factory=list)  # said, until
    escalated: list[int] = field(default_factory=list)

    @property
    def counting(self) -> Said | None:
        """The label that counts."""
        churned = [one for one in self.said if one.verdict in ("churned", "active")]
        meant = [one for one in self.said if one.verdict in ("fraud", "ok")]
        last = None
        for one in churned or meant or self.said:
            if last is None or (one.at, one.label, one.who) > (last.at, last.label, last.who):
                last = one
        return last

    @property
    def verdict(self) -> str:
        return self.counting.verdict if self.counting else ""

    @property
    def said_by(self) -> str:
        return self.counting.who if self.counting else ""

    @property
    def acked(self) -> int:
        return min((one.at for one in self.said if one.is_ack), default=0)

    @property
    def snoozed_until(self) -> int:
        return max(self.snoozes)[1] if self.snoozes else 0

    @property
    def since(self) -> int:
        return max(self.raised, self.snoozed_until)

    def state(self, now: int, expire: int) -> str:
        if self.said:
            return "acknowledged"
        if self.suppressed_by:
            return "suppressed"
        if self.snoozed_until > now:
            return "snoozed"
        if expire and now - self.since >= expire:
            return "expired"
        return "open"
