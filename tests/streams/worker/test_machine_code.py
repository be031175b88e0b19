"""After `load`, the first run finds all machine code there."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import numpy as np
import orjson
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from models import duplicates, flat_linear, flat_scorecard, reasons
from models.catalogue import CHURN
from models.duplicates import DuplicateWindow, identities
from models.features.churn import churn_features
from models.flat_forms import from_bytes
from models.flat_linear import FlatLinear
from models.flat_scorecard import FlatScorecard
from models.partition import PartitionProfiles
from models.profiles import kernel
from models.sweep import features_at
from schemas import scan, texts
from schemas.decode import Decoder
from streams.transport import unpack
from streams.transport.packed import Packed, RecordBatch
from streams.worker import machine_code

COMPILED = (
    unpack._walk,
    scan._scan,
    texts._gathered,
    texts._hashes,
    texts._coded,
    texts._with_sizes,
    duplicates._admit,
    kernel._observe,
    kernel._look,
    flat_scorecard._log_odds,
    flat_scorecard._values,
    flat_linear._log_odds,
    reasons._strongest,
)
machine_code.load()
loaded = [len(function.signatures) for function in COMPILED]
assert all(loaded), loaded

builder = DefaultRecordBatchBuilder(2, 0, False, -1, -1, 0, 1 << 20)
event = {"type": "view", "event_id": "e", "user_id": "u", "ts": 1_700_000_000_000, "item": "i", "device": "d"}
builder.append(0, timestamp=1_700_000_000_000, key=b"u", value=orjson.dumps(event), headers=[])
payload = memoryview(bytes(builder.build()))[61:]
batch = RecordBatch(0, 0, 0, 1, 0, 1_700_000_000_000, 1_700_000_000_000, False, payload)
records = unpack.unpacked(Packed(parts=[batch], first=0, last=0, n_records=1, timestamp=0))
events = Decoder("clicks").decode(0, records).events
assert len(events) == 1
DuplicateWindow(window=5).admit(identities(events.user_id, events.event_id), events.offset)
profiles = PartitionProfiles(epoch=1, complete=True)
profiles.missing(events)
shopper = profiles.observe(events, tick=1).shopper
assert shopper.applied.all()
n = len(CHURN.features.names)
points = np.tile([0.0, 1.0], n)
published = FlatScorecard(0.0, np.arange(n + 1, dtype=np.int32) * 2, points, points, np.zeros(n)).to_bytes()
model = from_bytes(published, n)
linear = from_bytes(FlatLinear(0.0, np.zeros(n), np.zeros(n)).to_bytes(), n)
features = churn_features(shopper, events)
(_, shoppers), *_ = profiles.take_dirty()
at_midnight = features_at(shoppers.profiles, 1_700_006_400_000)
assert reasons.strongest(CHURN.features.names, at_midnight, model.contributions(at_midnight)).place[0, 0] >= 0
assert np.isfinite(model.probability(features)).all() and np.isfinite(model.contributions(features[[0]])).all()
assert np.isfinite(linear.probability(features)).all()
assert events.user_id.tolist() == ["u"] and events.user_id.with_sizes() == b"\\1u"
assert [len(function.signatures) for function in COMPILED] == loaded
"""


def test_a_run_compiles_nothing_more() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
