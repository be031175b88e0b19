"""Results of benchmarks for people."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from streams.bench.breakdown import SAYS, largest
from streams.bench.growth import GrowthResult
from streams.bench.latency import WARM_UP_S, LatencyResult
from streams.bench.pipeline import PipelineResult
from streams.bench.segments import SegmentsResult
from streams.bench.warm_up import WARM_UP_EVENTS


def show_pipeline(result: PipelineResult, console: Console) -> None:
    console.print(
        f"{result.events:,} events, medians of {result.rounds} rounds. CPU time is all of the worker's process, user "
        f"and system; its start-up is {result.start_up_s:.2f} of {result.worker_us * result.events / 1e6:.2f} s. "
        f"numba's cache was warm: {WARM_UP_EVENTS:,} events went through a worker before. "
        f"{len(result.models)} models scored: {', '.join(result.models)}.\n"
        f"The plain Faust agent had {result.plain_events:,} of the events; its start-up is charged over "
        f"{result.events:,}, too.\n"
    )
    table = Table("", "CPU µs an event", "events/s", box=None, pad_edge=False)
    table.add_row("worker", f"{result.worker_us:.1f}", f"{result.events_per_s:,.0f}")
    table.add_row("worker without challengers", f"{result.champions_us:.1f}", "")
    table.add_row("plain Faust agent", f"{result.plain_us:.1f}", f"{result.plain_events_per_s:,.0f}")
    table.add_row("plain to worker", f"{result.ratio:.1f}")
    console.print(table)
    stages = Table("worker's CPU", "µs an event", "", box=None, pad_edge=False)
    for stage, microseconds in result.parts.items():
        stages.add_row(stage, f"{microseconds:.2f}", SAYS.get(stage, ""))
    console.print("", stages, "", largest(result.parts), sep="\n")


def show_growth(result: GrowthResult, console: Console) -> None:
    console.print(
        f"{result.events:,} events each; every shopper has a profile in the database. All of the worker's CPU time, "
        "but that of the sweep, which is once a day of event time and not of events.\n"
    )
    table = Table("shoppers", "CPU µs an event", "of that, hydrating", "µs a shopper swept", box=None, pad_edge=False)
    for users, microseconds in result.cpu_us.items():
        hydrate, sweep = result.hydrate_us[users], result.sweep_us[users]
        table.add_row(f"{users:,}", f"{microseconds:.1f}", f"{hydrate:.2f}", f"{sweep:.2f}")
    table.add_row("ratio", f"{result.ratio:.2f}")
    memory = Table("FOOTFALL_PROFILE_CACHE_ROWS", "resident MB", "CPU µs an event", box=None, pad_edge=False)
    for rows, rss in result.rss_bytes.items():
        memory.add_row(f"{rows:,}", f"{rss / 2**20:,.0f}", f"{result.cpu_us_by_cache_rows[rows]:.1f}")
    console.print(table, f"\nWith {max(result.cpu_us):,} shoppers:", memory, sep="\n")


def show_latency(result: LatencyResult, console: Console) -> None:
    console.print(
        f"{result.events:,} events at {result.rate:,.0f} a second, {result.alerts:,} of them alerts, "
        f"after {WARM_UP_S:g} s of warm-up.\n"
    )
    table = Table("from produced to", "p50 ms", "p99 ms", box=None, pad_edge=False)
    table.add_row("alert consumed", f"{result.alert_p50_ms:.0f}", f"{result.alert_p99_ms:.0f}")
    table.add_row("row visible", f"{result.visible_p50_ms:.0f}", f"{result.visible_p99_ms:.0f}")
    console.print(table)


def show_segments(result: SegmentsResult, console: Console) -> None:
    figures = result.to_json()
    console.print(f"{result.profiles:,} profiles in {result.parts} parts, {len(result.shoppers)} segments.\n")
    table = Table("", "s", "changes", box=None, pad_edge=False)
    table.add_row("count all segments, live", f"{figures['count_s']:.2f}")
    table.add_row("the slowest time", f"{figures['count_worst_s']:.2f}")
    for name, one in (("first round, all enter", result.first_round), ("a round an hour later", result.later_round)):
        table.add_row(name, f"{one.wall_s:.2f}", f"{one.changes:,}")
        table.add_row("  of that, to find them and tell the first page", f"{one.look_s:.2f}")
    members = Table("segment", "shoppers", box=None, pad_edge=False)
    for segment, shoppers in result.shoppers.items():
        members.add_row(segment, f"{shoppers:,}")
    console.print(table, "", members, sep="\n")
