"""Which metrics there are: one place to read what each means.

Of counters Prometheus knows the name with ``_total`` behind it, of histograms with ``_bucket``, ``_sum``, ``_count``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

Type = Literal["counter", "gauge", "histogram"]


class Declared(NamedTuple):
    type: Type
    help: str
    labels: tuple[str, ...] = ()


def _counter(help: str, *labels: str) -> Declared:
    return Declared("counter", help, labels)


def _gauge(help: str, *labels: str) -> Declared:
    return Declared("gauge", help, labels)


def _histogram(help: str, *labels: str) -> Declared:
    return Declared("histogram", help, labels)


SERVICES: Mapping[str, Declared] = MappingProxyType(
    {
        # Every process.
        "footfall_service_out": _gauge("1 while a service doesn't answer and the process waits for it", "service"),
        "footfall_service_outages": _counter("Times that a service stopped answering", "service"),
        "footfall_clickhouse_retries": _counter("Operations on ClickHouse that were tried again", "operation"),
        "footfall_clickhouse_rows": _counter("Rows that ClickHouse took, by table", "table"),
    }
)

WORKER: Mapping[str, Declared] = MappingProxyType(
    {
        # How far it is.
        "footfall_worker_assigned_partitions": _gauge("Partitions that are this worker's", "topic"),
        "footfall_worker_assignments": _counter("Times that partitions were assigned: rebalances"),
        "footfall_worker_lag_records": _gauge(
            "Records of an assigned partition that aren't written yet, as of the latest fetch", "topic", "partition"
        ),
        "footfall_worker_event_delay_seconds": _gauge(
            "Age of the latest event of the last run of a topic when it was written, in event time", "topic"
        ),
        "footfall_worker_unwritten_rows": _gauge("Records that were processed and aren't written yet"),
        # What it does.
        "footfall_worker_records": _counter(
            "Records that are done, by what became of them: row, duplicate, dead letter, erased", "topic", "outcome"
        ),
        "footfall_worker_dead_letters": _counter("Dead letters by the field that can't be used", "topic", "reason"),
        "footfall_worker_run_records": _histogram("Records of a run, which is what one fetch brought of a partition"),
        "footfall_worker_run_seconds": _histogram("Time to process a run: decode, hydrate, score"),
        "footfall_worker_flush_rows": _histogram("Records of a flush"),
        "footfall_worker_flush_seconds": _histogram("Time to write a flush: rows, profiles, deliveries, ledger"),
        "footfall_worker_stage_cpu_seconds": _counter("CPU time by stage", "stage"),
        # Its memory of profiles.
        "footfall_worker_profile_rows": _gauge("Profiles in memory"),
        "footfall_worker_profile_lookups": _counter(
            "Profiles that runs asked for: hit, those in memory or known to be new; miss, all others", "result"
        ),
        "footfall_worker_profiles_hydrated": _counter("Profiles that were read from ClickHouse because of a miss"),
        # Models and alerts.
        "footfall_worker_model_info": _gauge(
            "1 for each model that scores, with the version of its snapshot", "kind", "model", "role", "version"
        ),
        "footfall_worker_model_warm": _gauge("Whether a model has learnt enough to score", "kind", "model"),
        "footfall_worker_followed_timestamp_seconds": _gauge("When models and thresholds were last looked up"),
        "footfall_worker_alert_threshold": _gauge("Score from which alerts of a kind go out", "kind"),
        "footfall_worker_alerts": _counter("Alerts of scored events, sent or suppressed", "kind", "outcome"),
    }
)

LEADER: Mapping[str, Declared] = MappingProxyType(
    {
        # Of the worker that leads; of the others these stand still.
        "footfall_leader_leading": _gauge("1 on the worker that does the leader's duties"),
        "footfall_leader_duty_seconds": _histogram("Time that a duty took in a round", "duty"),
        "footfall_leader_duty_success_timestamp_seconds": _gauge(
            "When a duty last came to its end; there is none before", "duty"
        ),
        "footfall_leader_labels_learnt": _counter("Labels that models learnt, corrections included"),
        "footfall_leader_shoppers_swept": _counter("Silent shoppers that were scored at a midnight of event time"),
    }
)

TEXT: Mapping[str, Declared] = MappingProxyType(
    {
        # Text workers.
        "footfall_text_lag_seconds": _gauge("Age of the oldest review in hand", "partition"),
        "footfall_text_overloaded": _gauge("1 while the lag is too long"),
        "footfall_text_queue": _gauge("Reviews that aren't in a window yet, that are, and requests that wait", "stage"),
        "footfall_text_windows": _counter("Windows that the engine scored", "tier"),
        "footfall_text_texts": _counter("Texts that were scored, by who asked", "source"),
        "footfall_text_tokens": _counter("Tokens of these texts", "source"),
        "footfall_text_truncated": _counter("Texts of which only a part was read", "source"),
        "footfall_text_records": _counter("Records of the stream, by what became of them", "outcome"),
        "footfall_text_stage_seconds": _histogram("Time that a window or run takes", "stage"),
        "footfall_text_flush_seconds": _histogram("Time to write a window"),
        "footfall_text_requests": _counter("HTTP requests to score", "status"),
        "footfall_text_dead_letters": _counter("Texts that can't be scored", "reason"),
        # Their engine, whoever asked it.
        "footfall_text_engine_texts": _counter("Texts that were scored or given a reason"),
        "footfall_text_engine_failed": _counter("Of these, with a reason"),
        "footfall_text_engine_hits": _counter("Of these, not read, as the same text had been or was being"),
        "footfall_text_engine_tokens": _counter("Tokens that the model read"),
        "footfall_text_engine_padding": _counter("Tokens read beside these, for the shape of batches"),
        "footfall_text_engine_batches": _counter("Batches that the model read"),
        "footfall_text_engine_out_of_memory": _counter("Batches that had to be halved"),
        "footfall_text_engine_tokenise_s": _counter("Seconds at work of the stage that makes tokens"),
        "footfall_text_engine_forward_s": _counter("Seconds at work of the stage that reads, over all threads"),
        "footfall_text_engine_finish_s": _counter("Seconds at work of the stage that takes scores from the device"),
    }
)

NAMES: Mapping[str, Declared] = MappingProxyType({**SERVICES, **WORKER, **LEADER, **TEXT})
