"""Snapshots of models in ClickHouse's ``models`` table: what workers poll and the learner publishes."""

from __future__ import annotations

import logging

from models.catalogue import ModelSpec
from models.errors import SnapshotRefused
from models.snapshots import Loaded, Snapshot, from_row, load, sign, to_columns
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.errors import Fatal, SettingError
from streams.settings import Settings

KEPT_WHOLE = 200
"""Snapshots of a model that keep their pickle, for going back; of older ones only the figures stay."""

_THIN_EVERY = 100  # snapshots; thinning rewrites parts of the table

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

    def latest(self, spec: ModelSpec) -> Loaded | None:
        """The latest snapshot of a model, verified and loaded; ``None`` before there is one."""
        return self.newer(spec, "")

    def newer(self, spec: ModelSpec, version: str) -> Loaded | None:
        """The latest snapshot if it isn't ``version``, which may also mean an older one; ``None`` if it is, or there is
        none.

        Raises ``Fatal`` for a snapshot that may not be loaded.
        """
        latest = self.version(spec.name)
        if latest in ("", version):
            return None
        found = self._reader.columns(
            "SELECT * FROM models WHERE name = %(name)s AND version = %(version)s ORDER BY created_ms DESC LIMIT 1",
            {"name": spec.name, "version": latest},
            raw=("snapshot",),
        )
        return self.load(spec, from_row({column: values[0] for column, values in found.items()}))

    def load(self, spec: ModelSpec, snapshot: Snapshot) -> Loaded:
        """A fresh pipeline of a snapshot. Raises ``Fatal`` for one that may not be loaded."""
        try:
            return load(snapshot, self._key, spec.features)
        except SnapshotRefused as error:
            raise Fatal(
                f"{error}. Run Footfall as it was when it wrote the snapshot, or remove the rows of {spec.name!r} from"
                " the table models to have it learn afresh"
            ) from None

    def publish(self, snapshot: Snapshot) -> Snapshot:
        """Sign and write a snapshot, from now on the latest; returns it signed. Publishing it again changes nothing."""
        signed = sign(snapshot, self._key)
        # The version alone would have ClickHouse drop a snapshot that is learnt again after its row was removed.
        self._writer.insert("models", to_columns(signed), token=f"models-{signed.version}-{signed.created_ms}")
        if int(signed.version.rsplit("-", 2)[1]) % _THIN_EVERY == 0:
            self._thin(signed.name)
        return signed

    def _thin(self, name: str) -> None:
        oldest = self._reader.query(
            "SELECT version FROM models WHERE name = %(name)s ORDER BY version DESC LIMIT 1 OFFSET %(kept)s",
            {"name": name, "kept": KEPT_WHOLE - 1},
        )
        if oldest:
            self._reader.query(
                "ALTER TABLE models UPDATE snapshot = ''"
                " WHERE name = %(name)s AND version < %(oldest)s AND snapshot != ''",
                {"name": name, "oldest": oldest[0][0]},
            )
