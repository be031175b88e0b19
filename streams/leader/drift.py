"""The duty of watching for drift: of scores and features by the day of the event, of losses by the day of the label.

Once a day is closed it is held against those before, and what is beyond its threshold is told on ``alerts.system``.
Nothing is reset and no threshold is moved: people decide. Scores and features that stay far off are told on the first
day, and again once they have been well for a week.

Written in this order, so that a crash anywhere tells nothing under another id and leaves nothing out:

1. the alerts, into ``system_alerts`` and to the topic, under ids that depend on what was found of which day
2. the day's values, into ``model_drift``: from now on it is done
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from models.catalogue import MODELS, ModelSpec
from streams.clickhouse.columns import Column
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.decisions import lineups
from streams.leader.findings import DAY_MS, Found, What, alert_of, ms_of
from streams.leader.loss_drift import loss_drift
from streams.leader.score_drift import next_day, score_drift
from streams.leader.telling import tell
from streams.leader.watermark import watermark_ms
from streams.settings import Settings
from streams.worker.delivery import Delivery

EVERY_ROUNDS = 30
"""Of learning, from one look to the next: a day is closed once a day."""
AT_MOST_S = 1.0
QUIET_DAYS = 7

_DONE = """
SELECT max(day), maxIf(day, drifted = 1) FROM model_drift
WHERE kind = %(kind)s AND model = %(model)s AND what = %(what)s
"""

_LATELY = """
SELECT DISTINCT what, feature FROM model_drift FINAL
WHERE kind = %(kind)s AND model = %(model)s AND what IN ('score', 'feature') AND drifted = 1
AND day < %(day)s AND day >= %(since)s
"""


class DriftWatch:
    """A :class:`~streams.leader.duty.Duty`.

    Features are watched under the champion's name alone: those of the challengers are the same.
    """

    name = "drift"

    def __init__(
        self, settings: Settings, delivery: Delivery, *, clock_ms: Callable[[], int], stop: threading.Event
    ) -> None:
        self.every_s = EVERY_ROUNDS * settings.learn_interval_s
        self._settings = settings
        self._delivery = delivery
        self._clock_ms = clock_ms
        self._late_ms = int(settings.max_ahead_s * 1000)
        self._reader = Reader(settings, stop=stop)
        self._writer = Writer(settings, stop=stop)

    def run(self) -> bool:
        """Days for ``AT_MOST_S``. Those left wait for the next time, so that the days of a replayed year don't keep the
        other duties from theirs."""
        until = time.monotonic() + AT_MOST_S
        while self.step() and time.monotonic() < until:
            pass
        return False

    def step(self) -> bool:
        """A day of each model: 0.1 s; tells whether there may be more."""
        closed_ms = (watermark_ms(self._reader) - self._late_ms) // DAY_MS * DAY_MS
        more = False
        for lineup in lineups(self._reader).values():
            for model in lineup.active:
                more |= self._watch_scores(MODELS[model], closed_ms, with_features=model == lineup.champion)
                more |= self._watch_losses(MODELS[model])
        return more

    def close(self) -> None:
        self._reader.close()
        self._writer.close()

    def _watch_scores(self, spec: ModelSpec, closed_ms: int, *, with_features: bool) -> bool:
        """The first day that is closed and not done; tells whether there was one."""
        after, _ = self._done(spec, "score")
        day = next_day(self._reader, spec, after_ms=ms_of(after) + DAY_MS, closed_ms=closed_ms)
        if day is None:
            return False
        found = score_drift(self._reader, spec, day, least=self._settings.drift_psi, with_features=with_features)
        params = {"kind": spec.kind, "model": spec.name, "day": day, "since": day - timedelta(days=QUIET_DAYS)}
        lately = set(self._reader.query(_LATELY, params))
        self._write(spec, found, [one for one in found if one.drifted and (one.what, one.feature) not in lately])
        return True

    def _watch_losses(self, spec: ModelSpec) -> bool:
        """Days that are closed and not done; tells whether there are more."""
        after, risen = self._done(spec, "loss")
        found, more = loss_drift(self._reader, spec, after=after, risen=risen, late_ms=self._late_ms)
        self._write(spec, found, [one for one in found if one.drifted])
        return more

    def _done(self, spec: ModelSpec, what: What) -> tuple[date, date]:
        """The last day done, and the last with drift: 1970 where there is none."""
        ((done, drifted),) = self._reader.query(_DONE, {"kind": spec.kind, "model": spec.name, "what": what})
        return done, drifted

    def _write(self, spec: ModelSpec, found: Sequence[Found], told: Sequence[Found]) -> None:
        if not found:
            return
        at_ms = self._clock_ms()
        tell([alert_of(spec.name, one, raised_ms=at_ms) for one in told], self._settings, self._writer, self._delivery)
        columns: dict[str, Column] = {name: [getattr(one, name) for one in found] for name in Found._fields}
        columns |= {name: [value] * len(found) for name, value in (("kind", spec.kind), ("model", spec.name))}
        columns["written_ms"] = [at_ms] * len(found)
        first = found[0]
        self._writer.insert("model_drift", columns, token=f"drift-{spec.name}-{first.what}-{first.day}-{at_ms}")
