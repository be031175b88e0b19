"""The log on stderr: one line an event, as text or as JSON, and nothing of the frameworks unless DEBUG asks for it."""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import threading
from datetime import UTC, datetime
from typing import Any

from streams.errors import FootfallError
from streams.settings import Settings
from streams.transport.redaction import Redaction

FRAMEWORKS = ("faust", "mode", "aiokafka", "kafka")
"""They log each retry of each request, and each crash with its traceback; the worker says both in a line of its own."""
COMPILER = "numba"
"""Tells each step of each function that it compiles, ten thousand lines a start."""

log = logging.getLogger("footfall")


class TextFormatter(logging.Formatter):
    def __init__(self, redacted: Redaction) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self.redacted = redacted

    def format(self, record: logging.LogRecord) -> str:
        return self.redacted(super().format(record))


class JsonFormatter(logging.Formatter):
    """An object a line: ``ts`` (RFC 3339), ``level``, ``logger``, ``message``, ``worker``, and of an error its class as
    ``error``.

    Parameters
    ----------
    worker
        The process's name, as in the ledger.
    tracebacks
        Whether there is a ``traceback``, too.
    """

    def __init__(self, redacted: Redaction, *, worker: str, tracebacks: bool) -> None:
        super().__init__()
        self.redacted = redacted
        self._worker = worker
        self._tracebacks = tracebacks

    def format(self, record: logging.LogRecord) -> str:
        found = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": self.redacted(record.getMessage()),
            "worker": self._worker,
        }
        error = _error_of(record)
        if error is not None:
            found["error"] = type(error).__name__
        if self._tracebacks and record.exc_info:
            found["traceback"] = self.redacted(self.formatException(record.exc_info))
        return json.dumps(found)


def configure_logging(settings: Settings, *, worker: str = "") -> None:
    """Replaces the handlers of the root logger.

    Parameters
    ----------
    worker
        The process's name; empty for the host's and the process number.
    """
    redacted = Redaction(settings)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(TextFormatter(redacted))
    if settings.log_format == "json":
        name = worker or process_name()
        handler.setFormatter(JsonFormatter(redacted, worker=name, tracebacks=settings.log_level == "DEBUG"))
        logging.captureWarnings(True)
        threading.excepthook = _log_thread
        sys.excepthook = _log_unexpected
    logging.raiseExceptions = False  # a line that can't be formatted would be printed with all that it was given
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    logging.getLogger(COMPILER).setLevel(logging.WARNING)
    for name in FRAMEWORKS:
        logging.getLogger(name).setLevel(logging.NOTSET if settings.log_level == "DEBUG" else logging.CRITICAL)


def process_name() -> str:
    """The host's and the process number."""
    return f"{socket.gethostname()}-{os.getpid()}"


def say_why_it_ends(error: BaseException) -> None:
    """One line on stderr, whatever the log's level."""
    formatters = [handler.formatter for handler in logging.getLogger().handlers]
    ours = next((one for one in formatters if isinstance(one, TextFormatter | JsonFormatter)), None)
    text = " ".join((ours.redacted(str(error)) if ours else str(error)).split())
    told = text if isinstance(error, FootfallError) else f"unexpected {type(error).__name__}: {text}"
    if isinstance(ours, JsonFormatter):
        log.critical("%s", told, exc_info=error)
    else:
        sys.stderr.write(f"footfall: {told}\n")


def _error_of(record: logging.LogRecord) -> BaseException | None:
    if record.exc_info and record.exc_info[1] is not None:
        return record.exc_info[1]
    arguments: Any = record.args if isinstance(record.args, tuple) else ()
    return next((one for one in arguments if isinstance(one, BaseException)), None)


def _log_thread(ended: threading.ExceptHookArgs) -> None:
    _log_unexpected(ended.exc_type, ended.exc_value, None)


def _log_unexpected(kind: type[BaseException], error: BaseException | None, _: Any) -> None:
    log.critical("unexpected %s", kind.__name__, exc_info=error)
