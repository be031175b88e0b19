"""What Prometheus is told about a worker, as ``names.WORKER`` and ``names.LEADER`` declare it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from models.scoring import champions
from streams.leader.duty import Leader
from streams.metrics.exposition import Found
from streams.transport.consumer_thread import End
from streams.worker.claims import TopicPartition
from streams.worker.costs import Costs
from streams.worker.figures import Figures
from streams.worker.following import Followed
from streams.worker.pipeline import Pipeline

_LABELLESS: tuple[str, ...] = ()


class WorkerMetrics:
    """From any thread.

    Parameters
    ----------
    ends
        Gives how far the partitions are, on the broker.
    """

    def __init__(self, pipeline: Pipeline, ends: Callable[[], Mapping[TopicPartition, End]]) -> None:
        self._pipeline = pipeline
        self._ends = ends

    def collect(self) -> Iterator[Found]:
        pipeline = self._pipeline
        yield from _position(pipeline.figures, self._ends())
        yield from _work(pipeline.figures)
        yield "footfall_worker_unwritten_rows", {_LABELLESS: pipeline.unwritten_rows}
        yield "footfall_worker_profile_rows", {_LABELLESS: pipeline.profile_rows}
        yield "footfall_worker_stage_cpu_seconds", {(stage,): s for stage, s in pipeline.costs.stages_s.items()}
        if pipeline.figures.followed is not None:
            yield from _models(pipeline.figures.followed, pipeline.figures.followed_at)
        yield from _leader(pipeline.leader, pipeline.costs)


def _position(figures: Figures, ends: Mapping[TopicPartition, End]) -> Iterator[Found]:
    done = figures.done
    yield (
        "footfall_worker_assigned_partitions",
        {(topic,): n for topic, n in Counter(topic for topic, _ in done).items()},
    )
    yield "footfall_worker_assignments", {_LABELLESS: figures.assignments}
    yield (
        "footfall_worker_lag_records",
        {
            (topic, str(partition)): max(0, ends[topic, partition].after_last - 1 - last)
            for (topic, partition), last in done.copy().items()
            if (topic, partition) in ends
        },
    )
    yield "footfall_worker_event_delay_seconds", figures.delay_s.copy()


def _work(figures: Figures) -> Iterator[Found]:
    yield "footfall_worker_records", figures.records.copy()
    yield "footfall_worker_dead_letters", figures.letters.copy()
    yield "footfall_worker_alerts", figures.alerts.copy()
    yield "footfall_worker_run_records", {_LABELLESS: figures.run_records}
    yield "footfall_worker_run_seconds", {_LABELLESS: figures.run_s}
    yield "footfall_worker_flush_rows", {_LABELLESS: figures.flush_rows}
    yield "footfall_worker_flush_seconds", {_LABELLESS: figures.flush_s}
    profiles = figures.profiles.copy()
    yield "footfall_worker_profile_lookups", {(result,): profiles[result] for result in ("hit", "miss")}
    yield "footfall_worker_profiles_hydrated", {_LABELLESS: profiles["hydrated"]}


def _models(followed: Followed, at: float) -> Iterator[Found]:
    scorers = followed.scorers.values()
    leading = {scorer.spec.name for scorer in champions(followed.scorers).values()}
    yield (
        "footfall_worker_model_info",
        {
            (one.spec.kind, one.spec.name, "champion" if one.spec.name in leading else "challenger", one.version): 1
            for one in scorers
        },
    )
    yield "footfall_worker_model_warm", {(one.spec.kind, one.spec.name): one.is_warm for one in scorers}
    yield "footfall_worker_followed_timestamp_seconds", {_LABELLESS: at}
    yield "footfall_worker_alert_threshold", {(kind,): value for kind, value in followed.thresholds.items()}


def _leader(leader: Leader, costs: Costs) -> Iterator[Found]:
    yield "footfall_leader_leading", {_LABELLESS: leader.leading}
    yield "footfall_leader_duty_seconds", {(duty,): took for duty, took in leader.took_s.copy().items()}
    yield "footfall_leader_duty_success_timestamp_seconds", {(duty,): at for duty, at in leader.done_at.copy().items()}
    yield "footfall_leader_labels_learnt", {_LABELLESS: costs.counts["learnt"]}
    yield "footfall_leader_shoppers_swept", {_LABELLESS: costs.counts["swept"]}
