"""The result of ``footfall bench text`` for people."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from streams.bench.text import PIPELINE_BATCH, TextResult


def show_text(result: TextResult, console: Console) -> None:
    console.print(
        f"{result.texts:,} different reviews, medians of {result.rounds} rounds; the first {result.one_by_one:,} "
        f"one by one. Model {result.model} on {result.device} with {result.threads} threads; the engine read in "
        f"{result.tier}, and {result.padding_share:.1%} of the tokens that it read were padding.\n"
        f"The most probable class is the pipeline's for {result.agreement:.2%} of the texts, and no probability is "
        f"further from the pipeline's than {result.largest_difference:.4f}.\n"
    )
    table = Table("", "texts/s", box=None, pad_edge=False)
    table.add_row("engine", f"{result.texts_per_s:,.0f}")
    table.add_row(f"transformers' pipeline, {PIPELINE_BATCH} at a time, fp32", f"{result.pipeline_texts_per_s:,.0f}")
    table.add_row("one at a time, fp32", f"{result.one_by_one_texts_per_s:,.0f}")
    table.add_row("engine to pipeline", f"{result.ratio:.1f}")
    table.add_row("the same in CPU time", f"{result.cpu_ratio:.1f}")
    console.print(table)
