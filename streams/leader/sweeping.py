"""The duty of sweeping: once a day of event time the silent shoppers are scored, too, and the valuable ones told of.

Time is each partition's own: that of the latest event in its ledger, less an allowance for late ones. A midnight (UTC)
that this has passed is due; of several only the latest, since profiles are as of now. A partition's shoppers are read
and written page by page:

1. alerts, into their table, then to their topic, and the broker's word is waited for
2. who may be told of again, the shoppers' scores, and those among them that will be learnt
3. once no page is left, a row in ``sweeps``: this midnight is done

Whoever comes after a crash begins the midnight again. Alerts that were written for it are sent once more, under the
same ids; what was told before it counts as it did, so there are no others.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from models.budget import SWEPT_SHARE
from models.profiles.state import Profiles
from models.scoring import Scorer, champions
from models.sweep import ACTIVE_DAYS, DAY_MS
from schemas.layout import KINDS
from streams.clickhouse.ledger import latest_event_ms, midnights_swept
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.leader.sampling import Columns, sampled
from streams.leader.silence import SilenceAlerts
from streams.settings import Settings
from streams.shopper_scores import shopper_scores
from streams.thresholds import thresholds
from streams.worker.costs import Costs
from streams.worker.delivery import Delivery
from streams.worker.hydration import AGGREGATES
from streams.worker.scorers import PolledScorers

EVERY_ROUNDS = 15
"""Of learning, from one look for a midnight to the next."""
PAGE_SHOPPERS = 20_000
"""Read and written at once: about 30 MB of profiles, and a fraction of a second."""

_SILENT = """
FROM profiles FINAL
WHERE kind = %(kind)s AND partition = %(partition)s AND id > %(after)s
AND last_ms > %(active_ms)s AND last_ms <= %(silent_ms)s
"""

_COUNTED = "SELECT count()" + _SILENT

_PAGE = f"SELECT id, {', '.join(AGGREGATES)} {_SILENT} ORDER BY id LIMIT %(limit)s"


@dataclass(kw_only=True)
class _Sweep:
    """Of one partition's midnight, as far as it has come."""

    partition: int
    at_ms: int
    scorers: Mapping[str, Scorer]
    telling: SilenceAlerts
    after: str = ""
    """The last shopper of the pages that are done."""
    shoppers: int = 0
    of_shoppers: int
    """That there were when it began."""


def midnights_passed(reader: Reader, settings: Settings) -> dict[int, int]:
    """The latest one by partition."""
    lateness_ms = int(settings.max_ahead_s * 1000)
    return {
        partition: (latest_ms - lateness_ms) // DAY_MS * DAY_MS
        for partition, latest_ms in latest_event_ms(reader).items()
    }


class Sweeping:
    """A :class:`~streams.leader.duty.Duty`. There is no sweep while the champion of churn warms up.

    Parameters
    ----------
    page_shoppers
        Of a page, at most.
    """

    name = "sweep"

    def __init__(
        self,
        settings: Settings,
        delivery: Delivery,
        *,
        clock_ms: Callable[[], int],
        stop: threading.Event,
        costs: Costs,
        page_shoppers: int = PAGE_SHOPPERS,
    ) -> None:
        self.every_s = EVERY_ROUNDS * settings.learn_interval_s
        self._settings = settings
        self._delivery = delivery
        self._clock_ms = clock_ms
        self._costs = costs
        self._page_shoppers = page_shoppers
        self._reader, self._writer = Reader(settings, stop=stop), Writer(settings, stop=stop)
        self._scorers = PolledScorers(settings, stop=stop)
        self._sweep: _Sweep | None = None

    def run(self) -> bool:
        """A page of one partition's shoppers."""
        sweep, self._sweep = self._sweep, None  # after an exception it begins again
        done = midnights_swept(self._reader)
        if sweep is None or sweep.at_ms <= done.get(sweep.partition, 0):
            sweep = self._begun(done)
        if sweep is None:
            return False
        if self._page(sweep) == self._page_shoppers:
            self._sweep = sweep
        else:
            self._end(sweep)
        return True

    def close(self) -> None:
        self._sweep = None
        self._reader.close()
        self._writer.close()
        self._scorers.close()

    def _begun(self, done: Mapping[int, int]) -> _Sweep | None:
        """Of the first partition that has a midnight due."""
        midnights = midnights_passed(self._reader, self._settings)
        for partition, at_ms in sorted(midnights.items()):
            if at_ms > done.get(partition, 0):
                scorers = self._scorers.poll()
                champion = champions(scorers)["churn"]
                if not champion.is_warm:
                    return None
                latest_done_ms = done.get(partition, at_ms - DAY_MS)
                telling = SilenceAlerts(
                    self._settings,
                    self._reader,
                    self._writer,
                    self._delivery,
                    most=self._most_alerts((at_ms - latest_done_ms) / DAY_MS, len(midnights)),
                    threshold=thresholds(self._reader, self._settings, {"churn": champion.spec.name})["churn"],
                    partition=partition,
                    at_ms=at_ms,
                )
                n = int(self._reader.query(_COUNTED, self._about(partition, at_ms))[0][0])
                return _Sweep(partition=partition, at_ms=at_ms, scorers=scorers, telling=telling, of_shoppers=n)
        return None

    def _most_alerts(self, days: float, partitions: int) -> float:
        """That one partition's sweep may have, of so many days since the last."""
        per_day = self._settings.alerts_per_day("churn")
        return per_day * SWEPT_SHARE * days / partitions if per_day else float("inf")

    def _page(self, sweep: _Sweep) -> int:
        """How many shoppers there were on it."""
        users, profiles = self._silent(sweep)
        if users:
            now_ms = self._clock_ms()
            # With the time: a page that is done again may hold others.
            token = f"sweep-{sweep.partition}-{sweep.at_ms}-{sweep.shoppers}-{now_ms}"
            leading = champions(sweep.scorers)
            found = shopper_scores(
                leading, users, profiles, partition=sweep.partition, as_of_ms=sweep.at_ms, written_ms=now_ms
            )
            share = min((sweep.shoppers + len(users)) / max(sweep.of_shoppers, 1), 1.0)
            sweep.telling.tell(leading["churn"], found.scores, users, profiles, share=share, now_ms=now_ms, token=token)
            self._writer.insert("shopper_scores", found.columns, token=f"shopper_scores-{token}")
            for number, columns in enumerate(self._sampled(sweep, users, profiles, now_ms)):
                self._writer.insert("predictions", columns, token=f"predictions-{token}-{number}")
            sweep.after = users[-1]
            sweep.shoppers += len(users)
            self._costs.counts["swept"] += len(users)
        return len(users)

    def _silent(self, sweep: _Sweep) -> tuple[list[str], Profiles]:
        """The next shoppers by id who have been silent for a day, and not for too long."""
        about = self._about(sweep.partition, sweep.at_ms, after=sweep.after)
        found = self._reader.columns(_PAGE, about | {"limit": self._page_shoppers})
        return found.pop("id"), Profiles.from_columns(found)

    def _about(self, partition: int, at_ms: int, *, after: str = "") -> dict[str, Any]:
        return {
            "kind": KINDS.index("user"),
            "partition": partition,
            "after": after,
            "active_ms": at_ms - ACTIVE_DAYS * DAY_MS,
            "silent_ms": at_ms - DAY_MS,
        }

    def _sampled(self, sweep: _Sweep, users: list[str], profiles: Profiles, now_ms: int) -> list[Columns]:
        return sampled(
            sweep.scorers,
            users,
            profiles,
            partition=sweep.partition,
            at_ms=sweep.at_ms,
            horizons_ms=self._settings.horizons_ms,
            written_ms=now_ms,
        )

    def _end(self, sweep: _Sweep) -> None:
        now_ms = self._clock_ms()
        row = {
            "partition": sweep.partition,
            "at_ms": sweep.at_ms,
            "version": champions(sweep.scorers)["churn"].version,
            "shoppers": sweep.shoppers,
            "alerts": len(sweep.telling.told),
            "written_ms": now_ms,
        }
        token = f"sweeps-{sweep.partition}-{sweep.at_ms}-{now_ms}"
        self._writer.insert("sweeps", {name: [value] for name, value in row.items()}, token=token)
