"""What a soak found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streams.audit.findings import Audit
from streams.segments.verified import Verified
from streams.simulate.truth import Sent
from streams.soak.memory import Growth


@dataclass(frozen=True, kw_only=True)
class Soak:
    seed: int
    rate: float
    """Events a second that were to be sent."""
    load_s: float
    sent: Mapping[str, Sent]
    faults: Mapping[str, int]
    leaders_killed: int
    highest_lag: int
    drain_s: float
    """From the load's end until nothing was left to do."""
    growth: Mapping[str, Growth]
    """Of the workers that saw the calm half, in it."""
    peak_mib: Mapping[str, float]
    audit: Audit
    segments: Verified
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems

    @property
    def records(self) -> int:
        return sum(sent.records for sent in self.sent.values())

    @property
    def records_per_s(self) -> float:
        return self.records / self.load_s

    def to_dict(self) -> dict[str, Any]:
        """The last line of output."""
        audited = self.audit.to_dict()
        return {
            "ok": self.ok,
            "seed": self.seed,
            "rate": self.rate,
            "records_per_s": round(self.records_per_s),
            "load_s": round(self.load_s, 1),
            "records": self.records,
            "events": sum(sent.events for sent in self.sent.values()),
            "sent_again": sum(sent.duplicates for sent in self.sent.values()),
            "broken": sum(sent.broken for sent in self.sent.values()),
            "rows": audited["rows"],
            "missing": audited["missing"],
            "double": audited["double"],
            "dead_letters": audited["dead_letters"],
            "faults": dict(self.faults),
            "leaders_killed": self.leaders_killed,
            "highest_lag": self.highest_lag,
            "drain_s": round(self.drain_s, 1),
            "memory": {
                name: {"mib": round(of.mib), "mib_per_min": round(of.mib_per_min, 2), "growth": round(of.share, 4)}
                for name, of in self.growth.items()
            },
            "peak_mib": {name: round(mib) for name, mib in self.peak_mib.items()},
            "segments": {name: value for name, value in self.segments.to_dict().items() if name != "problems"},
            "problems": self.problems,
        }
