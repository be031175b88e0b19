"""Which examples a model has learnt: the rows of ``learnt`` whose version is in the line of its latest snapshot.

An example that was learnt again, with a corrected label, has a row for each time, and the latest has the label that
counts. Within a version they were learnt in the order of ``labelled_ms``, ``user_id`` and ``event_id``.

They are written before the snapshot. Rows that a crash left without one, and those of a snapshot that another overtook,
are in no line, and so were never learnt.
"""

from __future__ import annotations

from models.snapshots import Snapshot
from streams.clickhouse.columns import Column
from streams.clickhouse.writer import Writer
from streams.learner.source import Labelled

IN_LINE = "(version = %(version)s OR version IN (SELECT parent FROM models WHERE name = %(model)s))"
"""Of the snapshots that have no child, only the latest is in the line."""

LEARNT = f"""
    SELECT user_id, event_id FROM learnt
    WHERE model = %(model)s
    AND {IN_LINE}
"""  # noqa: S608 - own constants
"""Identities of what the snapshot ``version`` of ``model`` has learnt. Ends so that further conditions may follow."""


HELD = f"""
    SELECT user_id, event_id, max(version) AS held_version, argMax(label, version) AS held_label,
        argMax(score, version) AS held_score
    FROM learnt
    WHERE model = %(model)s
    AND {IN_LINE}
    GROUP BY user_id, event_id
"""  # noqa: S608 - own constants
"""What the snapshot ``version`` of ``model`` holds of each prediction: the label that it was last learnt with."""


def write_learnt(writer: Writer, snapshot: Snapshot, examples: Labelled) -> None:
    """Write down that ``snapshot``, which isn't published yet, contains ``examples`` beyond its parent's."""
    n = len(examples)
    columns: dict[str, Column] = {
        "model": [snapshot.name] * n,
        "version": [snapshot.version] * n,
        "user_id": examples.user_id,
        "event_id": examples.event_id,
        "label": examples.label.astype("u1"),
        "score": examples.score,
        "ts_ms": examples.ts_ms,
        "labelled_ms": examples.labelled_ms,
        "due_ms": examples.due_ms,
        "learnt_ms": [snapshot.created_ms] * n,
    }
    writer.insert("learnt", columns, token=f"learnt-{snapshot.version}-{snapshot.created_ms}")
