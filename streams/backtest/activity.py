"""On which days (UTC) shoppers did something: all that is needed to tell silence from a midnight on."""

from __future__ import annotations

from bisect import bisect_left, insort

from schemas.batch import EventBatch

DAY_MS = 86_400_000


class Activity:
    """Takes a number for each day on which a shopper did something."""

    def __init__(self) -> None:
        self._times: dict[str, list[int]] = {}  # of each day the first event's that came, ascending

    def __len__(self) -> int:
        return len(self._times)

    @property
    def shoppers(self) -> list[str]:
        """In the order in which they came."""
        return list(self._times)

    def add(self, events: EventBatch) -> None:
        for shopper, ts in zip(events.user_id.tolist(), events.ts.tolist(), strict=True):
            times = self._times.setdefault(shopper, [])
            at = bisect_left(times, ts - ts % DAY_MS)
            if at == len(times) or times[at] // DAY_MS > ts // DAY_MS:
                insort(times, ts)
            else:
                times[at] = min(times[at], ts)

    def within(self, shopper: str, midnight_ms: int, last_ms: int) -> bool:
        """Whether a shopper did something from a midnight on, up to ``last_ms`` inclusive."""
        times = self._times.get(shopper, [])
        at = bisect_left(times, midnight_ms)
        return at < len(times) and times[at] <= last_ms
