"""What one sweep tells of: the silent shoppers of a partition who are alerts at a midnight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from models.profiles.state import LAST_MS, Profiles
from models.scoring import Scorer, Scores
from models.silence_alerts import SilenceRule, Told
from models.sweep import DAY_MS, features_at
from schemas.alerts import COLUMNS, Alert, alert_id, dedupe_key, from_columns, to_columns
from schemas.layout import TOTALS
from schemas.topics import ALERTS_CHURN, SWEEP, TopicNames
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.settings import Settings
from streams.worker.delivery import Delivery, Message

TOLD_DAYS = 365
"""Alerts that are older are forgotten."""

_SPENT = TOTALS.index("spent")

_TOLD = """
SELECT told.user_id AS user_id, told.at_ms AS told_ms, rearmed.last_ms AS rearmed_ms
FROM (
    SELECT user_id, toUnixTimestamp64Milli(max(ts)) AS at_ms FROM alerts
    WHERE kind = 'churn' AND partition = %(partition)s
    AND ts >= fromUnixTimestamp64Milli(toInt64(%(since_ms)s)) AND ts < fromUnixTimestamp64Milli(toInt64(%(at_ms)s))
    GROUP BY user_id
) AS told
LEFT JOIN (
    SELECT user_id, max(at_ms) AS last_ms FROM churn_rearmed WHERE partition = %(partition)s GROUP BY user_id
) AS rearmed ON told.user_id = rearmed.user_id
"""

_WRITTEN = f"""
SELECT {", ".join(COLUMNS)} FROM alerts FINAL
WHERE kind = 'churn' AND topic = %(topic)s AND partition = %(partition)s
AND ts = fromUnixTimestamp64Milli(toInt64(%(at_ms)s))
"""  # noqa: S608 - own names


class SilenceAlerts:
    """The alerts of one partition's midnight. Sends at once those that were written for it before: whether they were
    delivered is unknown. Blocks until they are, and raises as ``Reader`` and ``Delivery`` do.

    Parameters
    ----------
    threshold
        The score from which alerts of churn go out.
    most
        Alerts that the midnight may have. Shoppers for whom there is no room are told of another midnight, if they are
        above the threshold then.

    Attributes
    ----------
    told
        Ids of its alerts that are delivered.
    """

    def __init__(
        self,
        settings: Settings,
        reader: Reader,
        writer: Writer,
        delivery: Delivery,
        *,
        threshold: float,
        most: float,
        partition: int,
        at_ms: int,
    ) -> None:
        self.told: set[str] = set()
        self._writer = writer
        self._delivery = delivery
        self._deadline_s = settings.outage_deadline_s
        self._topic = TopicNames(prefix=settings.topic_prefix).on_broker(ALERTS_CHURN)
        self._partition = partition
        self._at_ms = at_ms
        self._most = most
        self._rule = SilenceRule(
            threshold=threshold,
            hysteresis=settings.churn_hysteresis,
            valuable_spent=settings.churn_valuable_spent,
        )
        about = {"partition": partition, "at_ms": at_ms, "since_ms": at_ms - TOLD_DAYS * DAY_MS, "topic": SWEEP}
        self._before = {user: (told, rearmed) for user, told, rearmed in reader.query(_TOLD, about)}
        self._send(from_columns(reader.columns(_WRITTEN, about)))

    def tell(
        self,
        champion: Scorer,
        scores: Scores,
        users: Sequence[str],
        profiles: Profiles,
        *,
        share: float,
        now_ms: int,
        token: str,
    ) -> None:
        """Of n shoppers with their scores at the midnight, tells of those who are alerts, the highest scores first.
        Returns once that is delivered, and it is written down who may be told of again.

        ``share``: of all shoppers of the midnight, those on this page and those before, who share out ``most``.
        """
        before = np.array([self._before.get(user, (0, 0)) for user in users], dtype=np.int64)  # (n, 2)
        judged = self._rule.judge(
            scores,
            spent=profiles.totals[:, _SPENT],
            last_ms=profiles.extremes_ms[:, LAST_MS],
            told=Told(told_ms=before[:, 0], rearmed_ms=before[:, 1]),
        )
        rows = np.flatnonzero(judged.alert)
        rows = rows[np.argsort(-scores.probability[rows], kind="stable")]
        alerts = self._alerts(champion, scores, users, profiles, rows, now_ms)
        alerts = [alert for alert in alerts if alert.alert_id not in self.told]
        if np.isfinite(self._most):
            alerts = alerts[: max(round(self._most * share) - len(self.told), 0)]
        self._writer.insert("alerts", to_columns(alerts), token=f"alerts-{token}")
        self._send(alerts)
        rearmed: dict[str, Any] = {"user_id": [users[row] for row in np.flatnonzero(judged.rearm).tolist()]}
        n = len(rearmed["user_id"])
        rearmed |= {"partition": np.full(n, self._partition), "at_ms": np.full(n, self._at_ms)}
        self._writer.insert("churn_rearmed", rearmed, token=f"churn_rearmed-{token}")

    def _alerts(
        self,
        champion: Scorer,
        scores: Scores,
        users: Sequence[str],
        profiles: Profiles,
        rows: npt.NDArray[np.intp],
        now_ms: int,
    ) -> list[Alert]:
        """Of some of the shoppers. An id tells the silence apart: the shopper and the last event's time."""
        chosen = profiles.take(rows)
        last_ms = chosen.extremes_ms[:, LAST_MS].tolist()
        reasons = champion.explain(features_at(chosen, self._at_ms))
        return [
            Alert(
                alert_id=alert_id("churn", SWEEP, users[row], silence := f"silent since {last_ms[place]}"),
                dedupe_key=dedupe_key("churn", users[row]),
                kind="churn",
                user_id=users[row],
                event_id=silence,
                topic=SWEEP,
                partition=self._partition,
                offset=-1,
                ts=self._at_ms,
                score=float(scores.probability[row]),
                threshold=self._rule.threshold,
                version=scores.version,
                amount=float(chosen.totals[place, _SPENT]),
                reasons=reasons[place],
                base=champion.base,
                raised_ms=now_ms,
            )
            for place, row in enumerate(rows.tolist())
        ]

    def _send(self, alerts: Sequence[Alert]) -> None:
        """Returns once they are delivered."""
        if alerts:
            messages = [
                Message(self._topic, alert.alert_id.encode(), alert.to_json(), beside=alert.user_id.encode())
                for alert in alerts
            ]
            self._delivery.send(messages).result(self._deadline_s)
        self.told |= {alert.alert_id for alert in alerts}
