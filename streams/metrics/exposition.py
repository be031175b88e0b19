"""Metrics in Prometheus' text format.

Prometheus' library is imported with the first question: it would add a twentieth to a worker's start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from streams.metrics.names import NAMES
from streams.metrics.spread import Spread

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Metric

Found = tuple[str, Mapping[tuple[str, ...], float | Spread]]
"""A metric's name, and its values by their labels' values; of a histogram spreads."""
Source = Callable[[], Iterable[Found]]
"""Gives what there is to tell at the moment; from any thread, without waiting."""


class Exposition:
    """What some sources and the process itself have to tell; to be called by one thread."""

    def __init__(self, *sources: Source) -> None:
        self._sources = sources
        self._registry: CollectorRegistry | None = None

    def __call__(self) -> bytes:
        from prometheus_client import CollectorRegistry, generate_latest

        if self._registry is None:
            self._registry = CollectorRegistry()
            register(self._registry, *self._sources)
        return generate_latest(self._registry)


class _Sources:
    """A collector."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        for source in self._sources:
            for name, values in source():
                yield family(name, values)


def register(registry: CollectorRegistry, *sources: Source) -> None:
    """The sources, and the process itself: its CPU time, memory, start and open files."""
    from prometheus_client import ProcessCollector

    registry.register(_Sources(sources))
    ProcessCollector(registry=registry)


def family(name: str, values: Mapping[tuple[str, ...], float | Spread]) -> Metric:
    """Of a declared metric."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

    declared = NAMES[name]
    families: dict[str, Any] = {
        "counter": CounterMetricFamily,
        "gauge": GaugeMetricFamily,
        "histogram": HistogramMetricFamily,
    }
    made: Any = families[declared.type](name, declared.help, labels=declared.labels)
    for labels, value in values.items():
        if isinstance(value, Spread):
            made.add_metric(labels, value.buckets(), value.total)
        else:
            made.add_metric(labels, value)
    found: Metric = made
    return found
