"""The worker's log: one line an event on stderr, and nothing of the frameworks unless DEBUG asks for it."""

from __future__ import annotations

import logging
import sys

FRAMEWORKS = ("faust", "mode", "aiokafka", "kafka")
"""They log each retry of each request, and each crash with its traceback; the worker says both in a line of its own."""


def configure_logging(level: str) -> None:
    """Replaces the handlers of the root logger."""
    logging.basicConfig(
        level=level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    if level != "DEBUG":
        for name in FRAMEWORKS:
            logging.getLogger(name).setLevel(logging.CRITICAL)
