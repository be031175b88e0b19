"""The risk of merchants, cards, devices and addresses: how many of their purchases were labelled of late, and how many
of those were frauds. Of labels that have arrived, and of all partitions together.

Counts decay as those of profiles do (see ``models.profiles.kernel``): a row's stand as of the latest purchase that was
labelled, and a label counts by the age of its purchase, whenever it arrives. So neither the order of labels nor what
batches they came in makes a difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.tombstones import Tombstones
from schemas.layout import KINDS
from schemas.risks import FRAUD_COLUMNS, LABEL_COLUMNS, SCALES_MS

_SCALES = np.array(list(SCALES_MS.values()), dtype=np.float64)  # (scales,), ms
_SCALE_INDEX = {scale: index for index, scale in enumerate(SCALES_MS)}
_FIRST_CAPACITY = 256
_EPOCH_SHIFT = 32

Counts = npt.NDArray[np.float64]
Columns = Mapping[str, Sequence[str] | npt.NDArray[np.generic]]


class Risks(NamedTuple):
    """What is known of n ids, each at its own time. Both are 0 where no fraud is known."""

    labels: Counts  # (n, scales)
    frauds: Counts  # (n, scales)

    def log_frauds(self, scale: str) -> Counts:
        """``log(1 + frauds)``, of shape (n,)."""
        return np.log1p(self.frauds[:, _SCALE_INDEX[scale]])

    def risk(self, scale: str) -> Counts:
        """The share of frauds among the labels and one more that was none: shape (n,)."""
        at = _SCALE_INDEX[scale]
        return np.asarray(self.frauds[:, at] / (self.labels[:, at] + 1.0))


class _Rows(NamedTuple):
    """n rows. The counts are as of ``last_ms``."""

    version: npt.NDArray[np.uint64]  # (n,); 0 for a row that was never told
    last_ms: npt.NDArray[np.int64]  # (n,)
    frauds: npt.NDArray[np.int64]  # (n,) all there were, which don't decay
    labels_decayed: Counts  # (n, scales)
    frauds_decayed: Counts  # (n, scales)

    @classmethod
    def empty(cls, n: int) -> _Rows:
        return cls(
            version=np.zeros(n, dtype=np.uint64),
            last_ms=np.zeros(n, dtype=np.int64),
            frauds=np.zeros(n, dtype=np.int64),
            labels_decayed=np.zeros((n, len(_SCALES))),
            frauds_decayed=np.zeros((n, len(_SCALES))),
        )


class _Shelf:
    """The rows of one kind."""

    def __init__(self) -> None:
        self.slots: dict[str, int] = {}
        self.ids: list[str] = []
        self.rows = _Rows.empty(_FIRST_CAPACITY)

    def locate(self, ids: Sequence[str]) -> npt.NDArray[np.int64]:
        """Slots of shape (n,); -1 for those that have no row."""
        slot_of = self.slots.get
        return np.array([slot_of(id, -1) for id in ids], dtype=np.int64)

    def occupy(self, ids: Sequence[str]) -> npt.NDArray[np.int64]:
        """Slots of shape (n,), made where there are none."""
        for id in dict.fromkeys(ids):
            if id not in self.slots:
                self.slots[id] = len(self.ids)
                self.ids.append(id)
        if len(self.ids) > len(self.rows.version):
            larger = _Rows.empty(2 * len(self.ids))
            for array, old in zip(larger, self.rows, strict=True):
                array[: len(old)] = old
            self.rows = larger
        return self.locate(ids)

    def keep(self, slots: npt.NDArray[np.int64]) -> None:
        """Forgets all other rows."""
        self.ids = [self.ids[slot] for slot in slots.tolist()]
        self.slots = {id: slot for slot, id in enumerate(self.ids)}
        kept = _Rows.empty(max(_FIRST_CAPACITY, 2 * len(slots)))
        for array, old in zip(kept, self.rows, strict=True):
            array[: len(slots)] = old[slots]
        self.rows = kept


class RiskBook:
    """Rows by kind and id. Not thread-safe.

    One process takes the labels in, by :meth:`add` and :meth:`correct`, and passes on what :meth:`changed_since` gives:
    the rows of those that have, or had, a fraud, who are few. The others :meth:`take_over` these rows and so know all
    that :meth:`look_up` tells, which is nothing of those without a fraud.

    Labels of those without a fraud are counted all the same, for one may follow: then the row goes out with all labels
    before it. Only who isn't heard of any more is forgotten, by :meth:`forget_before`. A process that takes labels in
    for the first time begins with those of the last months, rather than with the rows that others hold, which it has
    to :meth:`overrule`.

    Parameters
    ----------
    epoch
        Of the process that takes labels in; it forms the high half of its rows' versions, so that they overrule those
        of the one before.
    """

    def __init__(self, *, epoch: int = 0) -> None:
        self.version = epoch << _EPOCH_SHIFT
        """Of the latest change. It grows with each batch of labels, and with newer rows that are taken over."""
        self._shelves = {kind: _Shelf() for kind in KINDS}

    @staticmethod
    def epoch_of(version: int) -> int:
        """The epoch of the process that gave a row its version."""
        return version >> _EPOCH_SHIFT

    def __len__(self) -> int:
        return sum(len(shelf.ids) for shelf in self._shelves.values())

    def add(self, kind: str, ids: Sequence[str], ts: npt.NDArray[np.int64], is_fraud: npt.NDArray[np.bool_]) -> None:
        """Counts n labels that haven't been counted before, of purchases at ``ts``. An empty id is none."""
        self._count(kind, ids, ts, np.ones(len(ids)), is_fraud.astype(np.int64))

    def correct(
        self, kind: str, ids: Sequence[str], ts: npt.NDArray[np.int64], is_fraud: npt.NDArray[np.bool_]
    ) -> None:
        """Has n labels that were counted say the opposite: now ``is_fraud``."""
        self._count(kind, ids, ts, np.zeros(len(ids)), np.where(is_fraud, 1, -1))

    def look_up(self, kind: str, ids: Sequence[str], ts: npt.NDArray[np.int64]) -> Risks:
        """What is known of n ids at ``ts``, of shape (n,). Counts don't stand as of before the latest they hold."""
        shelf = self._shelves[kind]
        if not shelf.ids:
            return Risks(np.zeros((len(ids), len(_SCALES))), np.zeros((len(ids), len(_SCALES))))
        slots = shelf.locate(ids)
        known = (slots >= 0) & (shelf.rows.frauds[slots] > 0)
        factor = _decay(np.maximum(ts - shelf.rows.last_ms[slots], 0)) * known[:, None]
        frauds = np.maximum(shelf.rows.frauds_decayed[slots] * factor, 0.0)  # rounding leaves a little of either sign
        return Risks(np.maximum(shelf.rows.labels_decayed[slots] * factor, frauds), frauds)

    def changed_since(self, version: int) -> dict[str, list[str] | npt.NDArray[np.generic]]:
        """The rows that have, or had, a fraud and changed after ``version``: the columns of ``RISK_COLUMNS``."""
        told = {
            kind: np.flatnonzero(shelf.rows.version[: len(shelf.ids)] > np.uint64(version))
            for kind, shelf in self._shelves.items()
        }
        rows = {
            name: np.concatenate([getattr(self._shelves[kind].rows, name)[slots] for kind, slots in told.items()])
            for name in _Rows._fields
        }
        return {
            "kind": np.repeat(np.arange(len(KINDS), dtype=np.uint8), [len(told[kind]) for kind in KINDS]),
            "id": [self._shelves[kind].ids[slot] for kind, slots in told.items() for slot in slots.tolist()],
            "version": rows["version"],
            "last_ms": rows["last_ms"],
            "frauds": rows["frauds"],
            **{name: rows["labels_decayed"][:, index] for index, name in enumerate(LABEL_COLUMNS)},
            **{name: rows["frauds_decayed"][:, index] for index, name in enumerate(FRAUD_COLUMNS)},
        }

    def take_over(self, columns: Columns) -> None:
        """Puts rows in the place of older ones, as :meth:`changed_since` gave them. In any order, and again, it is the
        newest of each that stays."""
        kinds, ids, version = np.asarray(columns["kind"]), columns["id"], np.asarray(columns["version"])
        for code in np.unique(kinds).tolist():
            rows = np.flatnonzero(kinds == code)
            rows = rows[np.argsort(version[rows], kind="stable")]  # of two of one id, the newer is put later
            shelf = self._shelves[KINDS[code]]
            slots = shelf.occupy([str(ids[row]) for row in rows.tolist()])
            newer = version[rows] > shelf.rows.version[slots]
            rows, slots = rows[newer], slots[newer]
            for name in ("version", "last_ms", "frauds"):
                getattr(shelf.rows, name)[slots] = np.asarray(columns[name])[rows]
            for names, counts in (
                (LABEL_COLUMNS, shelf.rows.labels_decayed),
                (FRAUD_COLUMNS, shelf.rows.frauds_decayed),
            ):
                for index, name in enumerate(names):
                    counts[slots, index] = np.asarray(columns[name])[rows]
        self.version = max(self.version, int(version.max(initial=0)))

    def overrule(self, columns: Columns) -> None:
        """Has the rows that another process passed on go out again, with what is known here, be it nothing: of a new
        book, before it takes labels in. Columns ``kind``, ``id`` and ``last_ms``."""
        kinds, ids, last_ms = np.asarray(columns["kind"]), columns["id"], np.asarray(columns["last_ms"])
        self.version += 1
        for code in np.unique(kinds).tolist():
            rows = np.flatnonzero(kinds == code)
            shelf = self._shelves[KINDS[code]]
            slots = shelf.occupy([str(ids[row]) for row in rows.tolist()])
            shelf.rows.last_ms[slots] = last_ms[rows]
            shelf.rows.version[slots] = self.version

    def forget_before(self, ts: int) -> int:
        """Forgets those of whose purchases none since ``ts`` was labelled; returns how many."""
        before = len(self)
        for shelf in self._shelves.values():
            kept = np.flatnonzero(shelf.rows.last_ms[: len(shelf.ids)] >= ts)
            if len(kept) < len(shelf.ids):
                shelf.keep(kept)
        return before - len(self)

    def forget_erased(self, tombstones: Tombstones) -> int:
        """Forgets the rows of who was erased; returns how many."""
        before = len(self)
        for kind, shelf in self._shelves.items():
            erased = tombstones.among(kind, shelf.ids)
            if erased.any():
                shelf.keep(np.flatnonzero(~erased))
        return before - len(self)

    def _count(
        self, kind: str, ids: Sequence[str], ts: npt.NDArray[np.int64], labels: Counts, frauds: npt.NDArray[np.int64]
    ) -> None:
        named = np.array([row for row, id in enumerate(ids) if id], dtype=np.int64)
        if not len(named):
            return
        shelf = self._shelves[kind]
        slots, ts, labels, frauds = shelf.occupy([ids[row] for row in named]), ts[named], labels[named], frauds[named]
        rows = shelf.rows
        touched = np.unique(slots)
        before_ms = rows.last_ms[touched]
        np.maximum.at(rows.last_ms, slots, ts)
        factor = _decay(rows.last_ms[touched] - before_ms)
        rows.labels_decayed[touched] *= factor
        rows.frauds_decayed[touched] *= factor
        weight = _decay(rows.last_ms[slots] - ts)
        np.add.at(rows.labels_decayed, slots, weight * labels[:, None])
        np.add.at(rows.frauds_decayed, slots, weight * frauds[:, None])
        np.add.at(rows.frauds, slots, frauds)
        self.version += 1
        told = touched[(rows.frauds[touched] > 0) | (rows.version[touched] > 0)]
        rows.version[told] = self.version


def _decay(age_ms: npt.NDArray[np.int64]) -> Counts:
    """Of n ages: shape (n, scales)."""
    return np.exp(-age_ms[:, None] / _SCALES)
