"""Prometheus' text format, from plain numbers."""

from __future__ import annotations

import threading

import pytest

from streams.metrics.exposition import Exposition
from streams.metrics.names import NAMES
from streams.metrics.services import Service
from streams.metrics.spread import Spread
from tests.streams.metrics.reading import samples_of, told, value


def test_counters_gauges_and_histograms() -> None:
    spread = Spread((0.1, 1.0))
    for seconds in (0.1, 0.5, 7.0):
        spread.observe(seconds)
    exposed = Exposition(
        lambda: [
            ("footfall_worker_records", {("clicks", "row"): 7}),
            ("footfall_service_out", {("kafka",): True}),
            ("footfall_leader_duty_seconds", {("learn",): spread}),
            ("footfall_worker_dead_letters", {}),
        ]
    )().decode()
    assert value(exposed, "footfall_worker_records_total", topic="clicks", outcome="row") == 7
    assert value(exposed, "footfall_service_out", service="kafka") == 1
    buckets = {le: value(exposed, "footfall_leader_duty_seconds_bucket", duty="learn", le=le) for le in ("0.1", "1.0")}
    assert buckets == {"0.1": 1, "1.0": 2}
    assert value(exposed, "footfall_leader_duty_seconds_bucket", duty="learn", le="+Inf") == 3
    assert value(exposed, "footfall_leader_duty_seconds_count", duty="learn") == 3
    assert value(exposed, "footfall_leader_duty_seconds_sum", duty="learn") == pytest.approx(7.6)
    assert "footfall_worker_dead_letters" in told(exposed)
    assert ("process_cpu_seconds_total", frozenset()) in samples_of(exposed)


def test_it_is_told_anew_each_time() -> None:
    counts = {("clicks", "row"): 1}
    exposition = Exposition(lambda: [("footfall_worker_records", counts)])
    exposition()
    counts["clicks", "row"] = 2
    assert value(exposition().decode(), "footfall_worker_records_total", topic="clicks", outcome="row") == 2


def test_a_metric_that_is_not_declared_is_refused() -> None:
    with pytest.raises(KeyError):
        Exposition(lambda: [("footfall_surprise", {})])()


def test_names_say_their_unit_and_no_label_is_a_person() -> None:
    for name, declared in NAMES.items():
        assert name.startswith("footfall_")
        assert not name.endswith(("_total", "_count", "_sum", "_ms")), name
        assert declared.help[0].isupper() or declared.help[0].isdigit()
        assert not set(declared.labels) & {"user", "user_id", "card", "ip", "device", "text", "event_id"}


def test_an_outage_is_counted_once_for_all_that_wait() -> None:
    service = Service()
    with pytest.raises(OSError, match="gone"), service.asked("query") as first, service.asked("insert") as second:
        first()
        second()
        second()
        assert (service.is_out, service.outages) == (True, 1)
        raise OSError("gone")
    assert (service.is_out, service.outages) == (False, 1)
    assert dict(service.retries) == {"query": 1, "insert": 2}
    with service.asked("query") as again:
        again()
    assert (service.is_out, service.outages) == (False, 2)


def test_only_an_end_without_an_error_is_an_answer() -> None:
    service = Service()
    service.answered_at = 0.0
    with pytest.raises(OSError), service.asked("query"):
        raise OSError
    assert service.answered_at == 0.0
    with service.asked("query"):
        pass
    assert service.answered_at > 0.0


def test_rows_from_many_threads_are_all_counted() -> None:
    service = Service()

    def take() -> None:
        for _ in range(1_000):
            service.took("events", 2)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert service.rows["events"] == 8_000
