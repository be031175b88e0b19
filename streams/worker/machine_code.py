"""Machine code that has to be there before the first run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from models.duplicates import DuplicateWindow
from models.flat_linear import FlatLinear
from models.flat_scorecard import FlatScorecard
from models.partition import PartitionProfiles
from models.profiles.kernel import look
from models.reasons import strongest
from schemas.decode import Decoder
from schemas.records import Records
from schemas.texts import Texts
from schemas.topics import CLICKS
from streams.transport.packed import Packed, RecordBatch
from streams.transport.unpack import unpacked

_NO_RECORDS = RecordBatch(
    offset=-1,
    fetch_offset=0,
    base_offset=0,
    n_records=0,
    codec=0,
    first_timestamp=0,
    timestamp=0,
    log_append_time=False,
    payload=memoryview(b""),
)


def load() -> None:
    """Runs all that numba compiles on nothing: 0.15 s where its cache has it, 10 s and more the first time.

    To be called before the worker joins its group: one that owns partitions would keep their alerts waiting meanwhile.
    """
    with _without_linear_algebra():
        unpacked(Packed(parts=[_NO_RECORDS], first=0, last=-1, n_records=0, timestamp=0))
        texts = Texts.of(["some"])
        texts.distinct()
        texts.with_sizes()
        nothing = Decoder(CLICKS).decode(0, Records.of([])).events
        profiles = PartitionProfiles(epoch=0, complete=True)
        profiles.missing(nothing)
        profiles.observe(nothing, tick=0)
        look(profiles.tables["user"].profiles, 0)
        points = np.array([0.0, 1.0])
        scorecard = FlatScorecard(0.0, np.array([0, 2], dtype=np.int32), points, points, np.zeros(1))
        linear = FlatLinear(0.0, np.zeros(1), np.zeros(1))
        features = np.zeros((1, 1), dtype=np.float32)
        for score in (scorecard.probability, linear.probability):
            score(features)
        strongest(("some",), features, scorecard.contributions(features))
        DuplicateWindow(window=1).admit(np.ones(1, dtype=np.uint64), np.zeros(1, dtype=np.int64))


@contextmanager
def _without_linear_algebra() -> Iterator[None]:
    """With its first function numba imports SciPy's linear algebra, unless it isn't there: 0.13 s of CPU for ``np.dot``
    and the like, which no function here calls."""
    if "scipy.linalg" in sys.modules:
        yield
        return
    sys.modules["scipy.linalg"] = None  # type: ignore[assignment]  # to be imported is an ImportError
    try:
        yield
    finally:
        del sys.modules["scipy.linalg"]
