"""Reviews that are like the most negative one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.table import Table
from rich.text import Text

from streams.clickhouse.reader import Reader

SIMILAR = 5

_SIMILAR = """
WITH (SELECT (event_id, embedding) FROM review_scores FINAL ORDER BY negative DESC, event_id LIMIT 1) AS given
SELECT event_id, 1 - cosineDistance(embedding, given.2) AS similarity, text
FROM (SELECT user_id, event_id, embedding FROM review_scores FINAL) AS scores
INNER JOIN (SELECT user_id, event_id, text FROM events FINAL WHERE type = 'review') AS reviews
USING (user_id, event_id)
ORDER BY similarity DESC LIMIT 1 BY text LIMIT %(limit)s
"""
"""To the most negative review, which is the first."""


class SimilarReview(NamedTuple):
    event_id: str
    similarity: float
    """Cosine of the texts' embeddings."""
    text: str


def similar(reader: Reader) -> list[SimilarReview]:
    return [SimilarReview(*row) for row in reader.query(_SIMILAR, {"limit": SIMILAR})]


def similar_table(reviews: Sequence[SimilarReview]) -> Table:
    table = Table(title="The most negative review, and those most like it", title_justify="left", expand=True)
    table.add_column("similarity", justify="right")
    table.add_column("text", ratio=1)
    for review in reviews:
        table.add_row(f"{review.similarity:.2f}", Text(review.text))
    return table
