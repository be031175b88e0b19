"""The options that name a file's columns, which several subcommands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

_OPTIONS = (
    click.option("--text-column", "text", help="[default: text, review, review_text or Review Text]"),
    click.option("--label-column", "label", help="[default: label or sentiment, if there is one]"),
    click.option("--rating-column", "rating", help="[default: rating, stars or Rating, if there is one]"),
)


def with_columns(function: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command ``text``, ``label`` and ``rating``."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function
