"""Reads what was exposed."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples_of(exposed: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(exposed)
        for sample in family.samples
    }


def value(exposed: str, name: str, **labels: str) -> float:
    """Of the one sample with these labels. Raises ``KeyError`` where it isn't there."""
    return samples_of(exposed)[name, frozenset(labels.items())]


def values(exposed: str, name: str) -> Mapping[frozenset[tuple[str, str]], float]:
    """Of all samples of a name, by their labels."""
    return {labels: value for (of_name, labels), value in samples_of(exposed).items() if of_name == name}


def told(exposed: str) -> set[str]:
    """The names of the metrics of ours, as they are declared; not the times at which the library made them."""
    names = {family.name for family in text_string_to_metric_families(exposed)}
    return {name for name in names if name.startswith("footfall_") and not name.endswith("_created")}
