"""What an expression of Prometheus asks for."""

from __future__ import annotations

import re

from streams.metrics.names import NAMES

_METRIC = re.compile(r"\b((?:footfall|process)_[a-z0-9_]+|up)\b(?:\{([^}]*)\})?")
_BY = re.compile(r"(?:by|on) \(([^)]*)\)")
OF_PROMETHEUS = {"up", "process_start_time_seconds", "process_cpu_seconds_total", "process_resident_memory_bytes"}
"""That its server or its library makes."""
OF_TARGETS = {"job", "instance"}
_SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}

EXPOSED = {name + suffix: declared for name, declared in NAMES.items() for suffix in _SUFFIXES[declared.type]}
"""By the names that Prometheus knows."""


def unknown(expression: str) -> list[str]:
    """Metrics that no process exposes, and labels that none of the expression's has."""
    found, has = [], {"le", *OF_TARGETS}
    asked = set()
    for name, selectors in _METRIC.findall(expression):
        if name in EXPOSED:
            has |= set(EXPOSED[name].labels)
        elif name not in OF_PROMETHEUS:
            found.append(name)
        asked |= set(re.findall(r"(\w+)\s*(?:=~|!=|=)", selectors))
    for labels in _BY.findall(expression):
        asked |= {label.strip() for label in labels.split(",")}
    return found + sorted(asked - has)
