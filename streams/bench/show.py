"""Results of benchmarks for people."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from streams.bench.breakdown import SAYS, largest
from streams.bench.pipeline import WARM_UP_EVENTS, PipelineResult


def show_pipeline(result: PipelineResult, console: Console) -> None:
    console.print(
        f"{result.events:,} events, medians of {result.rounds} rounds. CPU time is all of the worker's process, user "
        f"and system; its start-up is {result.start_up_s:.2f} of {result.worker_us * result.events / 1e6:.2f} s. "
        f"numba's cache was warm: {WARM_UP_EVENTS:,} events went through a worker before.\n"
        f"The plain Faust agent had {result.plain_events:,} of the events; its start-up is charged over "
        f"{result.events:,}, too.\n"
    )
    table = Table("", "CPU µs an event", "events/s", box=None, pad_edge=False)
    table.add_row("worker", f"{result.worker_us:.1f}", f"{result.events_per_s:,.0f}")
    table.add_row("plain Faust agent", f"{result.plain_us:.1f}", f"{result.plain_events_per_s:,.0f}")
    table.add_row("ratio", f"{result.ratio:.1f}")
    console.print(table)
    stages = Table("worker's CPU", "µs an event", "", box=None, pad_edge=False)
    for stage, microseconds in result.parts.items():
        stages.add_row(stage, f"{microseconds:.2f}", SAYS.get(stage, ""))
    console.print("", stages, "", largest(result.parts), sep="\n")
