"""Processes forked from one that has imported all that takes long, so that they are at work within a second."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

IMPORTED = (
    "models.learning",
    "streams.text.model",
    "streams.text.pipeline",
    "streams.text.server",
    "streams.transport.worker",
)
"""There is one such process a run, for all tests."""


def forked(target: Callable[..., None], *args: Any) -> BaseProcess:
    """Started; it ends with this process."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(IMPORTED))
    process = context.Process(target=target, args=args, daemon=True)
    process.start()
    return process
