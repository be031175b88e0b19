"""Snapshots of models in ClickHouse's ``models`` table: what workers poll and the learner publishes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from models.catalogue import ModelSpec
from models.errors import SnapshotRefused
from models.snapshots import Flattened, Loaded, Snapshot, flattened, from_row, load, sign, to_columns, verify
from schemas.tables import TABLES
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.decisions import lineups
from streams.errors import SettingError, SnapshotUnusable
from streams.settings import Settings

KEPT_WHOLE = 200
"""Snapshots of a model that keep the model itself, for going back; of older ones only the figures stay."""

_THIN_EVERY = 100  # snapshots; thinning rewrites parts of the table
_WHOLE = tuple(TABLES["models"])
_WITHOUT_PICKLE = tuple(column for column in _WHOLE if column != "snapshot")

logger = logging.getLogger(__name__)


class SnapshotStore:
    """For the one thread that uses it, which every call blocks. Faults of ClickHouse are raised as ``reader`` does.

    Raises :class:`~streams.errors.SettingError` without a key: an unsigned snapshot must never be unpickled.
    """

    def __init__(self, settings: Settings, reader: Reader, writer: Writer) -> None:
        if not settings.model_key:
            raise SettingError(
                "FOOTFALL_MODEL_KEY is empty, but signs model snapshots: set it to the same secret for every worker,"
                " such as the output of `openssl rand -hex 32`"
            )
        self._key = settings.model_key
        self._reader = reader
        self._writer = writer

    def version(self, name: str) -> str:
        """The latest version of a model, empty if it has none. Cheap: no snapshot is read."""
        return str(self._reader.query("SELECT max(version) FROM models WHERE name = %(name)s", {"name": name})[0][0])

    def versions(self) -> dict[str, str]:
        """The latest version of every model that has one, by name. Cheap as :meth:`version` is."""
        return dict(self._reader.query("SELECT name, max(version) FROM models GROUP BY name"))

    def latest(self, spec: ModelSpec) -> Flattened | None:
        """The latest snapshot of a model, to score with; ``None`` before there is one."""
        return self.at(spec, self.version(spec.name))

    def at(self, spec: ModelSpec, version: str) -> Flattened | None:
        """A snapshot, to score with; ``None`` if there is none of this version. Its pickle isn't read.

        Raises ``SnapshotUnusable`` for one that may not be used.
        """
        snapshot = self._at(spec, version, _WITHOUT_PICKLE)
        if snapshot is None:
            return None
        if not snapshot.flat:
            raise SnapshotUnusable(
                f"model snapshot {version} was cleared: all but the latest {KEPT_WHOLE} and pinned ones are"
            )
        with _refused_for(spec):
            return flattened(snapshot, self._key, spec.features)

    def latest_whole(self, spec: ModelSpec) -> Snapshot | None:
        """The latest snapshot with its pickle, for :meth:`load`; ``None`` before there is one.

        Raises ``SnapshotUnusable`` for one that may not be used.
        """
        snapshot = self._at(spec, self.version(spec.name), _WHOLE)
        if snapshot is not None:
            with _refused_for(spec):
                verify(snapshot, self._key, spec.features)
        return snapshot

    def load(self, spec: ModelSpec, snapshot: Snapshot) -> Loaded:
        """A fresh pipeline of a snapshot that has its pickle; imports River. Raises ``SnapshotUnusable`` for one that
        may not be loaded."""
        with _refused_for(spec):
            return load(snapshot, self._key, spec.features)

    def publish(self, snapshot: Snapshot) -> Snapshot:
        """Sign and write a snapshot, from now on the latest; returns it signed. Publishing it again changes nothing."""
        signed = sign(snapshot, self._key)
        # The version alone would have ClickHouse drop a snapshot that is learnt again after its row was removed.
        self._writer.insert("models", to_columns(signed), token=f"models-{signed.version}-{signed.created_ms}")
        if int(signed.version.rsplit("-", 2)[1]) % _THIN_EVERY == 0:
            self._thin(signed.name)
        return signed

    def _at(self, spec: ModelSpec, version: str, columns: tuple[str, ...]) -> Snapshot | None:
        if not version:
            return None
        found = self._reader.columns(
            f"SELECT {', '.join(columns)} FROM models"  # noqa: S608 - our own names
            " WHERE name = %(name)s AND version = %(version)s ORDER BY created_ms DESC LIMIT 1",
            {"name": spec.name, "version": version},
            raw=("flat", "snapshot"),
        )
        return from_row({column: values[0] for column, values in found.items()}) if found.get("version") else None

    def _thin(self, name: str) -> None:
        oldest = self._reader.query(
            "SELECT version FROM models WHERE name = %(name)s ORDER BY version DESC LIMIT 1 OFFSET %(kept)s",
            {"name": name, "kept": KEPT_WHOLE - 1},
        )
        if oldest:
            pinned = [lineup.pins[name] for lineup in lineups(self._reader).values() if name in lineup.pins]
            self._reader.query(
                "ALTER TABLE models UPDATE flat = '', snapshot = ''"
                " WHERE name = %(name)s AND version < %(oldest)s AND version NOT IN %(pinned)s AND snapshot != ''",
                {"name": name, "oldest": oldest[0][0], "pinned": pinned or [""]},
            )


@contextmanager
def _refused_for(spec: ModelSpec) -> Iterator[None]:
    """Says in a refusal what the operator can do."""
    try:
        yield
    except SnapshotRefused as error:
        raise SnapshotUnusable(
            f"{error}. Run Footfall as it was when it wrote the snapshot, or remove the rows of {spec.name!r} from the"
            " table models to have it learn afresh"
        ) from None
