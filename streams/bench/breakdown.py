"""Where a worker's CPU time went: microseconds an event, by stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streams.bench.worker_run import WorkerRun
from streams.transport.consumer_thread import THREAD_NAME

START_UP = "start-up"
FETCH = "fetch"
EVENT_LOOP = "event loop"
BETWEEN = "between stages"
END = "end"

SAYS = {
    START_UP: "imports, joining the group, the end of the process: all that a worker without events takes",
    FETCH: "the consumer thread: Kafka's protocol",
    EVENT_LOOP: "Faust, the flow between the threads, the alerts' producer",
    "decode": "JSON to columns, duplicates",
    "hydrate": "ids looked up, profiles asked of ClickHouse",
    "score": "profiles, features, models, alerts",
    "cut": "dirty profiles copied",
    "insert events": "columns joined and sent",
    "insert predictions": "with alerts",
    "insert scores": "of the shoppers whose profiles changed, with reasons",
    "insert profiles": "columns joined and sent",
    "insert ledger": "and the alerts' delivery waited for",
    "poll models": "",
    "sweep": "silent shoppers scored, where the worker leads",
    "learn": "a round of learning, where the worker leads",
    BETWEEN: "what the other threads do outside of their stages",
    END: "of a process that has held profiles, beyond that of one that has not",
}

_MAIN_THREAD = "MainThread"


def breakdown(run: WorkerRun, idle: WorkerRun) -> dict[str, float]:
    """Microseconds of CPU an event by stage; they add up to all that ``run`` took. ``idle`` had no events."""
    idle_stages_s = idle.report["stages_s"]
    seconds = {
        START_UP: idle.cpu_s,
        FETCH: run.report["threads_s"][THREAD_NAME] - idle.report["threads_s"][THREAD_NAME],
        EVENT_LOOP: run.report["threads_s"][_MAIN_THREAD] - idle.report["threads_s"][_MAIN_THREAD],
        **{stage: spent - idle_stages_s.get(stage, 0.0) for stage, spent in run.report["stages_s"].items()},
        BETWEEN: _between_stages(run.report) - _between_stages(idle.report),
    }
    seconds[END] = run.cpu_s - sum(seconds.values())
    return {stage: round(1e6 * spent / run.events, 3) for stage, spent in seconds.items()}


def largest(parts: Mapping[str, float]) -> str:
    """A sentence about the largest part.

    >>> largest({"start-up": 1.0, "decode": 2.0, "score": 1.0})
    'The largest part is decode: 2.0 of 4.0 µs an event, 50 %.'
    """
    stage = max(parts, key=lambda name: parts[name])
    whole = sum(parts.values())
    return f"The largest part is {stage}: {parts[stage]:.1f} of {whole:.1f} µs an event, {parts[stage] / whole:.0%}."


def _between_stages(report: Mapping[str, Any]) -> float:
    """Of all threads but the main one and the consumer's, beyond the stages, which run there."""
    others = (spent for thread, spent in report["threads_s"].items() if thread not in (_MAIN_THREAD, THREAD_NAME))
    return float(sum(others) - sum(report["stages_s"].values()))
