"""Snapshots: a model twice over, both signed. Flattened, for those that score: plain data, which runs nothing when it
is read. And as the pickle of a River pipeline, for the learner that goes on from it.

A pickle runs code when it is loaded, and so only what the holder of the key has written may be. The signature is
HMAC-SHA256 over the metadata, with the pickle's SHA-256 among it, and the flat model: what scores verifies it without
having the pickle. Both verify as well that River and the features are the ones that this process has.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

from models.errors import SnapshotRefused
from models.features.sets import FeatureSet
from models.flat_forms import FlatModel, from_bytes

if TYPE_CHECKING:
    from river import compose

PICKLE_PROTOCOL = 5


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A row of the ``models`` table."""

    name: str
    version: str
    parent: str
    """The version that it goes on from, empty for the first."""
    created_ms: int
    river_version: str
    feature_set: str
    features: tuple[str, ...]
    examples: int
    positives: int
    learnt_until_ms: int
    metrics: Mapping[str, Any]
    """Progressive metrics and where the learner stands; anything that JSON holds."""
    flat: bytes
    """As ``flat`` encodes it."""
    pickled: bytes = b""
    """Empty where it wasn't read."""
    size: int = 0
    sha256: str = ""
    """Of ``pickled``, as ``size`` is; in hexadecimal, and empty until it is signed."""
    hmac: str = ""
    """In hexadecimal; empty until it is signed."""


class Flattened(NamedTuple):
    """A verified snapshot and its model as what scores has it."""

    snapshot: Snapshot
    model: FlatModel


class Loaded(NamedTuple):
    """A verified snapshot and the pipeline that was in it, which can learn."""

    snapshot: Snapshot
    pipeline: compose.Pipeline


@cache
def river_version() -> str:
    """The version of River that is installed, without importing it."""
    return version("river")


def pickled(pipeline: compose.Pipeline) -> bytes:
    return pickle.dumps(pipeline, protocol=PICKLE_PROTOCOL)


def sign(snapshot: Snapshot, key: str) -> Snapshot:
    """The snapshot with its digest and signature. Raises ``SnapshotRefused`` for an empty key."""
    digested = replace(snapshot, size=len(snapshot.pickled), sha256=_sha256(snapshot.pickled))
    return replace(digested, hmac=_signature(digested, key))


def verify(snapshot: Snapshot, key: str, expected: FeatureSet) -> None:
    """Raises ``SnapshotRefused`` if a snapshot isn't signed with ``key`` as it is, or was made by another River or for
    other features. Its pickle needn't be there, and isn't looked at.
    """
    what = _called(snapshot)
    if not snapshot.hmac.strip("\0"):
        raise SnapshotRefused(f"{what} isn't signed")
    if not hmac.compare_digest(snapshot.hmac.encode(), _signature(snapshot, key).encode()):
        raise SnapshotRefused(f"{what} was signed with another key, or altered since")
    if snapshot.river_version != river_version():
        raise SnapshotRefused(f"{what} was made by River {snapshot.river_version}; this is River {river_version()}")
    if snapshot.feature_set != expected.fingerprint or snapshot.features != expected.names:
        raise SnapshotRefused(f"{what} is for features {snapshot.feature_set}; these are {expected.fingerprint}")


def flattened(snapshot: Snapshot, key: str, expected: FeatureSet) -> Flattened:
    """Verify a snapshot, then read its flat model.

    Raises ``SnapshotRefused`` as :func:`verify` does, and for a form that this process can't score.
    """
    verify(snapshot, key, expected)
    try:
        return Flattened(snapshot, from_bytes(snapshot.flat, len(expected.names)))
    except SnapshotRefused as error:
        raise SnapshotRefused(f"{_called(snapshot)}: {error}") from None


def load(snapshot: Snapshot, key: str, expected: FeatureSet) -> Loaded:
    """Verify a snapshot and its pickle, then unpickle it: 0.1 ms for a scorecard once River is imported, about a
    second before.

    Raises ``SnapshotRefused``, with nothing of it unpickled, as :func:`verify` does, and for a pickle that isn't the
    one that was signed.
    """
    verify(snapshot, key, expected)
    if snapshot.sha256 != _sha256(snapshot.pickled):
        raise SnapshotRefused(f"{_called(snapshot)} has a pickle that isn't what its sha256 says")
    pipeline = pickle.loads(snapshot.pickled)  # noqa: S301 - the signature and the digest were verified above
    return Loaded(snapshot, pipeline)


def considered_ms(snapshot: Snapshot | None) -> dict[int, int]:
    """By partition, the event time up to which due predictions have been considered."""
    positions = snapshot.metrics.get("considered_ms", {}) if snapshot else {}
    return {int(partition): at_ms for partition, at_ms in positions.items()}


def to_columns(snapshot: Snapshot) -> dict[str, list[Any]]:
    """A signed snapshot as columns of one value, as they are in the ``models`` table."""
    return {
        "name": [snapshot.name],
        "version": [snapshot.version],
        "parent": [snapshot.parent],
        "created_ms": [snapshot.created_ms],
        "river_version": [snapshot.river_version],
        "feature_set": [snapshot.feature_set],
        "features": [list(snapshot.features)],
        "examples": [snapshot.examples],
        "positives": [snapshot.positives],
        "learnt_until_ms": [snapshot.learnt_until_ms],
        "metrics": [_json(snapshot.metrics)],
        "size": [snapshot.size],
        "sha256": [snapshot.sha256],
        "hmac": [snapshot.hmac],
        "flat": [snapshot.flat],
        "snapshot": [snapshot.pickled],
    }


def from_row(row: Mapping[str, Any]) -> Snapshot:
    """The snapshot in a row of the ``models`` table, not verified. The columns ``flat`` and ``snapshot`` are ``bytes``;
    ``snapshot`` may be missing."""
    return Snapshot(
        name=row["name"],
        version=row["version"],
        parent=row["parent"],
        created_ms=int(row["created_ms"]),
        river_version=row["river_version"],
        feature_set=row["feature_set"],
        features=tuple(row["features"]),
        examples=int(row["examples"]),
        positives=int(row["positives"]),
        learnt_until_ms=int(row["learnt_until_ms"]),
        metrics=json.loads(row["metrics"]),
        flat=row["flat"],
        pickled=row.get("snapshot", b""),
        size=int(row["size"]),
        sha256=row["sha256"],
        hmac=row["hmac"],
    )


def _signature(snapshot: Snapshot, key: str) -> str:
    if not key:
        raise SnapshotRefused("there is no key to sign model snapshots with")
    apart = ("hmac", "flat", "snapshot")
    signed = {name: values[0] for name, values in to_columns(snapshot).items() if name not in apart}
    # JSON holds no raw NUL, so where the metadata ends is beyond doubt.
    return hmac.new(key.encode(), _json(signed).encode() + b"\0" + snapshot.flat, hashlib.sha256).hexdigest()


def _called(snapshot: Snapshot) -> str:
    return f"model snapshot {snapshot.version or snapshot.name}"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
