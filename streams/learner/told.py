"""Labels that came on the labels topic, for the predictions that they are about.

Of several labels for one prediction the last counts, by event time and then by the label's ``event_id``. A label whose
prediction isn't done waits for it: they come through different topics, so either may be first. Where the last label of
what has been learnt, whatever it was learnt from, contradicts what it was learnt with, it is learnt once more, as a
correction; a label that agrees changes nothing. A label of churn counts for every horizon.
"""

from __future__ import annotations

from typing import Any

from models.catalogue import ModelSpec
from models.snapshots import Snapshot
from schemas.alerts import Kind
from schemas.events import AlertAck, ChurnLabel, FraudLabel
from streams.clickhouse.reader import Reader
from streams.learner.learnt import HELD
from streams.learner.source import IS_DONE, OWN_FIRST, OWN_SCORE, Found, logs_done, nothing, to_examples

_LABELS: dict[Kind, tuple[int, int, str]] = {
    "fraud": (FraudLabel.code, AlertAck.code, "fraud"),
    "churn": (ChurnLabel.code, 0, "churned"),
    "churn_long": (ChurnLabel.code, 0, "churned"),
}
"""By kind: the type of label about an event, that about an alert (0 for none), and the verdict that is positive."""

_NEWEST = """
SELECT partition, max(offset) AS offset FROM labels
WHERE type_code IN (%(direct)s, %(acknowledged)s) GROUP BY partition ORDER BY partition
"""

_PENDING = (
    """
WITH told AS (
    SELECT user_id AS shopper, target AS scored, verdict AS said, ts AS said_at, event_id AS label
    FROM labels
    WHERE type_code = %(direct)s
    UNION ALL
    SELECT labels.user_id, alerts.event_id, labels.verdict, labels.ts, labels.event_id
    FROM labels INNER JOIN alerts ON labels.target = alerts.alert_id AND labels.user_id = alerts.user_id
    WHERE labels.type_code = %(acknowledged)s AND labels.verdict != 'ignore' AND alerts.kind = %(kind)s
),
last AS (
    SELECT shopper, scored, argMax(said, (said_at, label)) = %(positive)s AS is_positive, max(said_at) AS told_at,
        uniqExact(label) AS labels, uniqExact(said) AS verdicts
    FROM told
    GROUP BY shopper, scored
),
pending AS (
    SELECT shopper, scored, is_positive, told_at, labels, verdicts, held_version != '' AS corrects, held_score
    FROM last LEFT JOIN ("""  # noqa: S608 - own constants; what varies is a parameter
    + HELD
    + """) AS held ON last.shopper = held.user_id AND last.scored = held.event_id
    WHERE held_version = '' OR held_label != is_positive
)
"""
)

_COUNTS = (
    _PENDING  # noqa: S608
    + """
SELECT count() AS pending, sum(labels) - count() AS duplicates, countIf(verdicts > 1) AS contradicted,
    countIf(corrects) AS corrections,
    (SELECT uniqExact(user_id, event_id) FROM labels WHERE type_code = %(acknowledged)s AND verdict != 'ignore'
        AND target NOT IN (SELECT alert_id FROM alerts)) AS unknown_alerts
FROM pending
"""
)

_MATCHED = (
    _PENDING  # noqa: S608
    + """
SELECT predictions.user_id AS user_id, predictions.event_id AS event_id, predictions.ts_ms AS ts_ms,
    predictions.due_ms AS due_ms, toUnixTimestamp64Milli(pending.told_at) AS labelled_ms,
    predictions.features_f32 AS features_f32, pending.is_positive AS label, pending.corrects AS corrects,
    if(pending.corrects, pending.held_score, """
    + OWN_SCORE
    + """) AS score
FROM predictions INNER JOIN pending ON predictions.user_id = pending.shopper AND predictions.event_id = pending.scored
WHERE predictions.kind = %(kind)s AND predictions.feature_set = %(feature_set)s
AND predictions.event_id IN (SELECT scored FROM pending)
AND """
    + IS_DONE
    + """
ORDER BY pending.told_at, user_id, event_id, """
    + OWN_FIRST
    + " LIMIT %(limit)s"
)


def about(spec: ModelSpec) -> dict[str, Any]:
    """Parameters of queries about a model's labels: ``model``, ``kind``, and which labels are its."""
    direct, acknowledged, positive = _LABELS[spec.kind]
    return {
        "model": spec.name,
        "kind": spec.kind,
        "direct": direct,
        "acknowledged": acknowledged,
        "positive": positive,
    }


class Told:
    """A :class:`~streams.learner.source.LabelSource`.

    Of what is to be learnt it counts ``duplicates``, labels beyond one a prediction; ``contradicted``, predictions
    whose labels differ; ``corrections``, those that were learnt with the other label; ``waiting``, predictions that
    have a label and aren't done so far; and of all, ``unknown_alerts``, acknowledgements without an alert so far.
    """

    def __init__(self, spec: ModelSpec, reader: Reader) -> None:
        self.spec = spec
        self._reader = reader
        self._settled: tuple[Any, str] | None = None  # newest labels and version when no label was pending

    def take(self, parent: Snapshot | None, limit: int) -> Found:
        version = parent.version if parent else ""
        params = about(self.spec) | {
            "version": version,
            "feature_set": self.spec.features.fingerprint,
            "limit": limit,
        }
        newest = self._reader.query(_NEWEST, params)
        # A model whose latest version is an earlier one was set back, and its labels are pending again.
        if self._settled is not None and self._settled[0] == newest and self._settled[1] <= version:
            return Found(examples=nothing(self.spec))
        counts = {name: int(values[0]) for name, values in self._reader.columns(_COUNTS, params).items()}
        pending = counts.pop("pending")
        if not pending:
            self._settled = None if counts["unknown_alerts"] else (newest, version)
            return Found(examples=nothing(self.spec), counts=counts)
        params |= logs_done(self._reader)
        matched = self._reader.columns(_MATCHED, params, raw=("features_f32",))
        examples = to_examples(self.spec, matched, matched["label"])
        counts["waiting"] = max(pending - len(examples), 0) if len(examples) < limit else 0
        return Found(examples=examples, counts=counts)
