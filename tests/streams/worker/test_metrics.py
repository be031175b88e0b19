"""What a worker tells of how far it is and of what it follows."""

from __future__ import annotations

from collections.abc import Mapping

from models.catalogue import MODELS
from models.scoring import Scorer
from schemas.topics import CARTS, CLICKS
from streams.metrics.exposition import Exposition
from streams.settings import Secret, Settings
from streams.transport.consumer_thread import End
from streams.worker.claims import TopicPartition
from streams.worker.following import Followed
from streams.worker.metrics import WorkerMetrics
from streams.worker.pipeline import Pipeline
from streams.worker.processor import Outcome
from tests.streams.metrics.reading import value, values
from tests.streams.worker.runs import NOW_MS, run_from


def exposed(pipeline: Pipeline, ends: Mapping[TopicPartition, End]) -> str:
    return Exposition(WorkerMetrics(pipeline, lambda: ends).collect)().decode()


def test_lag_is_what_is_not_written_of_what_is_on_the_broker() -> None:
    pipeline = Pipeline(Settings(model_key=Secret("of the tests")), worker="w1")
    ends = {(CLICKS, 0): End(after_last=100, next_fetched=100), (CARTS, 0): End(after_last=0, next_fetched=0)}
    lag = "footfall_worker_lag_records"
    assert values(exposed(pipeline, {}), lag) == {}
    pipeline.figures.assigned({(CLICKS, 0): 9, (CARTS, 0): -1, (CARTS, 1): 5})
    told = exposed(pipeline, ends)
    assert value(told, lag, topic=CLICKS, partition="0") == 90
    assert value(told, lag, topic=CARTS, partition="0") == 0
    assert len(values(told, lag)) == 2, "nothing is known of a partition that wasn't fetched yet"
    run = run_from(CLICKS, 10, 59)
    pipeline.figures.takes(run)
    assert value(exposed(pipeline, ends), lag, topic=CLICKS, partition="0") == 90
    outcome = Outcome(run=run, epoch=1, n_records=50, n_duplicates=1, max_ts_ms=NOW_MS)
    pipeline.figures.written([outcome], took_s=0.5, written_ms=NOW_MS + 1_500)
    told = exposed(pipeline, ends)
    assert value(told, lag, topic=CLICKS, partition="0") == 40
    assert value(told, "footfall_worker_event_delay_seconds", topic=CLICKS) == 1.5
    assert value(told, "footfall_worker_records_total", topic=CLICKS, outcome="row") == 49
    assert value(told, "footfall_worker_flush_seconds_sum") == 0.5


def test_the_first_model_of_a_kind_is_its_champion() -> None:
    pipeline = Pipeline(Settings(model_key=Secret("of the tests")), worker="w1")
    name = "footfall_worker_model_info"
    assert values(exposed(pipeline, {}), name) == {}
    fraud = [spec for spec in MODELS.values() if spec.kind == "fraud"]
    scorers = {spec.name: Scorer(spec, warm_up_examples=1) for spec in reversed(fraud)}
    pipeline.figures.follows(Followed(scorers=scorers, thresholds={"fraud": 0.75}))
    told = exposed(pipeline, {})
    for spec, role in zip(reversed(fraud), ["champion", *["challenger"] * (len(fraud) - 1)], strict=True):
        assert value(told, name, kind="fraud", model=spec.name, role=role, version="") == 1
        assert value(told, "footfall_worker_model_warm", kind="fraud", model=spec.name) == 0
    assert value(told, "footfall_worker_alert_threshold", kind="fraud") == 0.75
    assert value(told, "footfall_worker_followed_timestamp_seconds") > 0
