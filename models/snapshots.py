"""Snapshots: a model as bytes, signed, so that a worker unpickles only what the holder of the key has written.

A pickle runs code when it is loaded. The signature, HMAC-SHA256 over metadata and pickle, is therefore verified first,
and with it that River and the features are the ones that this process has.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from river import compose
from river.__version__ import __version__ as river_version

from models.errors import SnapshotRefused
from models.features.sets import FeatureSet

PICKLE_PROTOCOL = 5
RIVER_VERSION: str = river_version


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
    pickled: bytes
    sha256: str = ""
    """Of ``pickled``, in hexadecimal."""
    hmac: str = ""
    """In hexadecimal; empty until it is signed."""


class Loaded(NamedTuple):
    """A verified snapshot and the pipeline that was in it."""

    snapshot: Snapshot
    pipeline: compose.Pipeline


def pickled(pipeline: compose.Pipeline) -> bytes:
    return pickle.dumps(pipeline, protocol=PICKLE_PROTOCOL)


def sign(snapshot: Snapshot, key: str) -> Snapshot:
    """The snapshot with its digest and signature. Raises ``SnapshotRefused`` for an empty key."""
    digested = replace(snapshot, sha256=hashlib.sha256(snapshot.pickled).hexdigest())
    return replace(digested, hmac=_signature(digested, key))


def load(snapshot: Snapshot, key: str, expected: FeatureSet) -> Loaded:
    """Verify a snapshot, then unpickle it: 0.1 ms for a linear model.

    Raises ``SnapshotRefused``, with nothing of it unpickled, if it isn't signed with ``key`` as it is, or was made by
    another River or for other features.
    """
    what = f"model snapshot {snapshot.version or snapshot.name}"
    if not snapshot.hmac.strip("\0"):
        raise SnapshotRefused(f"{what} isn't signed")
    if not hmac.compare_digest(snapshot.hmac.encode(), _signature(snapshot, key).encode()):
        raise SnapshotRefused(f"{what} was signed with another key, or altered since")
    if snapshot.sha256 != hashlib.sha256(snapshot.pickled).hexdigest():
        raise SnapshotRefused(f"{what} isn't what its sha256 says")
    if snapshot.river_version != RIVER_VERSION:
        raise SnapshotRefused(f"{what} was made by River {snapshot.river_version}; this is River {RIVER_VERSION}")
    if snapshot.feature_set != expected.fingerprint or snapshot.features != expected.names:
        raise SnapshotRefused(f"{what} is for features {snapshot.feature_set}; these are {expected.fingerprint}")
    pipeline = pickle.loads(snapshot.pickled)  # noqa: S301 - the signature was verified above
    return Loaded(snapshot, pipeline)


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
        "size": [len(snapshot.pickled)],
        "sha256": [snapshot.sha256],
        "hmac": [snapshot.hmac],
        "snapshot": [snapshot.pickled],
    }


def from_row(row: Mapping[str, Any]) -> Snapshot:
    """The snapshot in a row of the ``models`` table, not verified. The column ``snapshot`` is ``bytes``."""
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
        pickled=row["snapshot"],
        sha256=row["sha256"],
        hmac=row["hmac"],
    )


def _signature(snapshot: Snapshot, key: str) -> str:
    if not key:
        raise SnapshotRefused("there is no key to sign model snapshots with")
    signed = {name: values[0] for name, values in to_columns(snapshot).items() if name not in ("hmac", "snapshot")}
    # JSON holds no raw NUL, so where the metadata ends is beyond doubt.
    return hmac.new(key.encode(), _json(signed).encode() + b"\0" + snapshot.pickled, hashlib.sha256).hexdigest()


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
