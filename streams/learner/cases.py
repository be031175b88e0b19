"""What became of the labels of a kind: each is one case, by what the tables hold so far.

A label is, by the first of these that it fits:

``ignored``        an acknowledgement that says nothing of the model's kind: ``ignore``, or any of a churn alert
``unknown``        about an event without a prediction, or an alert that isn't there, so far
``corrected``      contrary to what had been learnt, and so learnt as a correction
``repeated``       the same verdict as the label before it
``contradicting``  another verdict than the label before it, without a correction: what was learnt agrees, or isn't yet
``late``           the first about its prediction, after the time at which it was due
``on_time``        the first about its prediction, by then

The labels of a prediction follow each other by event time, then ``event_id``.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.catalogue import ModelSpec
from streams.clickhouse.reader import Reader
from streams.learner.learnt import IN_LINE
from streams.learner.told import about

_CASES = f"""
WITH told AS (
    SELECT user_id, target AS scored, verdict, ts, event_id AS label, 0 AS is_ignored
    FROM labels FINAL
    WHERE type_code = %(direct)s
    UNION ALL
    SELECT acks.user_id, alerts.event_id, acks.verdict, acks.ts, acks.event_id,
        acks.verdict = 'ignore' OR %(acknowledged)s = 0
    FROM (SELECT * FROM labels FINAL WHERE type = 'alert_ack') AS acks
    LEFT JOIN (SELECT alert_id, user_id, event_id, kind FROM alerts FINAL) AS alerts
        ON acks.target = alerts.alert_id AND acks.user_id = alerts.user_id
    WHERE alerts.kind = %(kind)s OR (alerts.kind = '' AND %(acknowledged)s != 0)
),
foreseen AS (
    SELECT user_id, event_id, min(due_ms) AS due_at FROM predictions WHERE kind = %(kind)s GROUP BY user_id, event_id
),
steps AS (
    SELECT user_id, event_id, labelled_ms, label,
        row_number() OVER (PARTITION BY user_id, event_id ORDER BY version) AS step
    FROM learnt FINAL
    WHERE model = %(model)s AND {IN_LINE}
),
placed AS (
    SELECT is_ignored, foreseen.event_id != '' AS is_known, toUnixTimestamp64Milli(ts) > foreseen.due_at AS is_late,
        (told.user_id, scored, toUnixTimestamp64Milli(ts), verdict = %(positive)s) IN (
            SELECT user_id, event_id, labelled_ms, label = 1 FROM steps WHERE step > 1
        ) AS is_correction,
        verdict, lagInFrame(verdict) OVER (
            PARTITION BY told.user_id, scored, is_ignored ORDER BY ts, label
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS before
    FROM told LEFT JOIN foreseen ON told.user_id = foreseen.user_id AND told.scored = foreseen.event_id
)
SELECT multiIf(
    is_ignored, 'ignored', NOT is_known, 'unknown', is_correction, 'corrected', before = verdict, 'repeated',
    before != '', 'contradicting', is_late, 'late', 'on_time'
) AS case, count() AS labels
FROM placed GROUP BY case
"""  # noqa: S608 - own constants

_LEARNT = f"""
SELECT uniqExact(user_id, event_id), uniqExact(user_id, event_id, version)
FROM learnt WHERE model = %(model)s AND {IN_LINE}
"""  # noqa: S608 - own constants


@dataclass(frozen=True, kw_only=True)
class Cases:
    """How many of ``labels`` are which case, which add up to them; and what the model has learnt."""

    labels: int
    on_time: int
    late: int
    repeated: int
    contradicting: int
    corrected: int
    unknown: int
    ignored: int
    learnt: int
    """Predictions that the model has learnt, from these labels or without."""
    corrections: int
    """How often it learnt one of them once more, with the other label."""


def label_cases(reader: Reader, spec: ModelSpec, version: str) -> Cases:
    """The cases as they are to a model at ``version``, its latest. Blocks: some seconds for millions of labels."""
    params = about(spec) | {"version": version}
    counts = dict.fromkeys(("on_time", "late", "repeated", "contradicting", "corrected", "unknown", "ignored"), 0)
    counts |= dict(reader.query(_CASES, params))
    ((learnt, steps),) = reader.query(_LEARNT, params)
    return Cases(labels=sum(counts.values()), **counts, learnt=learnt, corrections=steps - learnt)
