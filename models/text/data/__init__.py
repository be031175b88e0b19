"""The data that ships, and what may be said of it: README.md beside this."""

from __future__ import annotations

from pathlib import Path

SENTENCES = Path(__file__).parent / "review_sentences.parquet"
"""Columns source, text and label, 1 for positive."""
DESCRIPTIONS = Path(__file__).parent / "product_descriptions.parquet"
"""Of a gift shop, in a column text."""
