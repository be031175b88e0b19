"""``footfall text score``: files of texts, scored without Kafka."""

from __future__ import annotations

from pathlib import Path

import click

from streams.errors import Invalid


@click.command("score")
@click.option(
    "--in",
    "source",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="jsonl, csv or parquet, the first two gzipped or not.",
)
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="jsonl; replaced at the end."
)
@click.option("--model", default="", help="Folder of a text model. [default: the one that ships]")
@click.option("--text-column", default="text", show_default=True)
@click.option("--embeddings", is_flag=True, help="Write the vectors, too: 8 kB a row.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:1.")
@click.option("--precision", default="auto", show_default=True, help="auto, fp32, bf16, fp16 or int8.")
def command(
    source: Path, out: Path, model: str, text_column: str, embeddings: bool, device: str, precision: str
) -> None:
    """Write each row with its scores, in the order of the file, or with the reason why its text has none."""
    from contextlib import closing

    from models.text.checkpoint import load
    from models.text.engine import TextEngine
    from streams.text_scoring.progress import counted
    from streams.text_scoring.score import score_file

    try:
        engine = TextEngine(load(model), device=device, precision=precision)
    except ValueError as error:
        raise Invalid(str(error)) from None
    with closing(engine), counted() as progress:
        scored = score_file(engine, source, out, column=text_column, embeddings=embeddings, progress=progress)
    click.echo(f"{scored.rows:,} rows written to {out}, {scored.failed:,} of them with a reason instead of scores")
