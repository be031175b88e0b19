"""Whether everything that was sent left exactly the traces that it should, in words."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import Counter
from collections.abc import Collection, Iterator

import numpy as np
import pandas as pd

from schemas.layout import DECAYED_COLUMNS, KINDS, PROFILE_COLUMNS, TOTAL_COLUMNS
from schemas.tables import ROW_TABLES
from schemas.topics import ALERTS_CHURN, ALERTS_FRAUD, DEAD_LETTERS, INPUTS
from streams.audit.run import audit
from streams.clickhouse.reader import Reader
from streams.settings import Settings
from tests.faults.linear import Reread, delivered, reread
from tests.faults.shoppers import Ground

RELATIVE = 1e-9
NEGLIGIBLE = 1e-27
SHOWN = 8

_SUMS = (*DECAYED_COLUMNS, *TOTAL_COLUMNS)
_AMOUNTS = tuple(name for name in DECAYED_COLUMNS if name.startswith(("cart_", "spent", "refunded")))


class Checker:
    """Compares the tables with what was sent and with a linear re-read. No worker may be running."""

    def __init__(self, settings: Settings, ground: Ground) -> None:
        self._settings = settings
        self._ground = ground
        self._reader = Reader(settings)

    def problems(self) -> list[str]:
        """Empty where all is well."""
        try:
            read = reread(self._settings)
            return [
                *asyncio.run(audit(self._settings)).problems,
                *self._events(),
                *self._dead_letters(read),
                *self._predictions(),
                *self._profiles(read.profiles),
                *self._deliveries(),
            ]
        finally:
            self._reader.close()

    def _events(self) -> Iterator[str]:
        for topic in INPUTS:
            table = ROW_TABLES[topic]
            rows = self._reader.query(f"SELECT event_id FROM {table} FINAL WHERE topic = %(topic)s", {"topic": topic})
            yield from compared(f"{table} of {topic}", self._ground.events[topic], Counter(id for (id,) in rows))

    def _dead_letters(self, read: Reread) -> Iterator[str]:
        rows = self._reader.columns(
            "SELECT topic, partition, offset, value FROM dead_letters FINAL", raw=("value",)
        ) or {name: [] for name in ("topic", "partition", "offset", "value")}
        at = Counter(f"{t} {p} {o}" for t, p, o in zip(rows["topic"], rows["partition"], rows["offset"], strict=True))
        yield from compared(
            "dead letters by offset", {f"{d.topic} {d.partition} {d.offset}" for d in read.dead_letters}, at
        )
        yield from compared("dead letters by value", self._ground.poison, Counter(set(rows["value"])))

    def _predictions(self) -> Iterator[str]:
        rows = self._reader.query("SELECT event_id FROM predictions FINAL WHERE kind = 'fraud' AND model = 'fraud'")
        yield from compared("fraud predictions", self._ground.purchases, Counter(id for (id,) in rows))

    def _profiles(self, wanted: pd.DataFrame) -> Iterator[str]:
        names = [name for name in PROFILE_COLUMNS if name not in ("kind", "partition", "id", "version")]
        found = self._reader.columns(
            f"SELECT kind, partition, id, version, {', '.join(names)} FROM profiles "
            "ORDER BY version DESC LIMIT 1 BY kind, partition, id"
        )
        table = pd.DataFrame(found)
        table["kind"] = [KINDS[code] for code in table["kind"]]
        table = table.set_index(["kind", "partition", "id"]).sort_index()
        if not table.index.equals(wanted.index):
            yield f"profiles missing: {few(wanted.index.difference(table.index))}"
            yield f"profiles too many: {few(table.index.difference(wanted.index))}"
            common = table.index.intersection(wanted.index)
            table, wanted = table.loc[common], wanted.loc[common]
        yield from _differing(table, wanted, names)

    def _deliveries(self) -> Iterator[str]:
        topics = delivered(self._settings)
        for kind, topic in (("fraud", ALERTS_FRAUD), ("churn", ALERTS_CHURN)):
            sent = {json.loads(value)["alert_id"] for value in topics[topic]}
            rows = self._reader.query(
                "SELECT alert_id, suppressed_by, dedupe_key FROM alerts FINAL WHERE kind = %(kind)s", {"kind": kind}
            )
            about = {id: key for id, _, key in rows}
            if not rows:
                yield f"no {kind} alerts at all, so nothing is known of their delivery"
            alone = {id for id, by, key in rows if by and (by == id or about.get(by) != key)}
            if alone:
                yield f"{len(alone)} of {len(rows)} {kind} alerts are suppressed by none about the same: {few(alone)}"
            missing = {id for id, by, _ in rows if not by} - sent
            if missing:
                yield f"{len(missing)} {kind} alerts were never delivered: {few(missing)}"
        letters = {base64.b64decode(json.loads(value)["value"]) for value in topics[DEAD_LETTERS]}
        if letters != self._ground.poison:
            yield f"{len(self._ground.poison - letters)} dead letters were never delivered"


def compared(what: str, wanted: Collection[object], found: Counter[object]) -> Iterator[str]:
    missing = set(wanted) - found.keys()
    strange = found.keys() - set(wanted)
    double = {key for key, count in found.items() if count > 1}
    for wrong, keys in (("missing", missing), ("not expected", strange), ("more than once", double)):
        if keys:
            yield f"{what}: {len(keys)} of {len(wanted)} {wrong}: {few(keys)}"


def _differing(table: pd.DataFrame, wanted: pd.DataFrame, names: list[str]) -> Iterator[str]:
    """Sums may differ by rounding, of which those of amounts and sentiments have more: they cancel out."""
    amount = np.maximum(wanted["total_spent"], wanted[[*_AMOUNTS]].abs().max(axis=1)).to_numpy()  # (profiles,)
    wrong: Counter[str] = Counter()
    examples = []
    for name in names:
        left, right = table[name].to_numpy(), wanted[name].to_numpy()
        if name in _SUMS:
            magnitude = np.maximum(np.abs(right), amount if name in _AMOUNTS else 0)
            if "sentiment" in name:
                magnitude = wanted[name.replace("sentiment", "scored_reviews")].to_numpy()
            rows = np.flatnonzero(np.abs(left - right) > RELATIVE * magnitude + NEGLIGIBLE)
        else:
            rows = np.flatnonzero(left != right)
        if len(rows):
            wrong[name] = len(rows)
            examples += [f"{table.index[row]} {name}: {left[row]!r} is {right[row]!r} linearly" for row in rows[:SHOWN]]
    if wrong:
        yield f"profiles: columns that differ, in how many of {len(table)} rows: {dict(wrong)}"
        yield from examples[:SHOWN]
    counts = table["version"].to_numpy() & np.uint64(0xFFFF_FFFF)
    taken_in = table["total_events"] + table["total_scored_reviews"]
    if (counts != taken_in.to_numpy().astype(np.uint64)).any():
        yield "profiles: versions that don't hold the number of events and scored reviews"


def few(keys: Collection[object]) -> str:
    listed = sorted(map(str, keys))
    return ", ".join(listed[:SHOWN]) + (", ..." if len(listed) > SHOWN else "")
