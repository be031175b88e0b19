"""The log's lines, and that no secret is in them."""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from streams.errors import Fatal, Retryable
from streams.settings import Secret, Settings
from streams.transport.logs import configure_logging, process_name, say_why_it_ends

PASSWORD = "p/4ss wörd\"'"  # noqa: S105 - of the tests
IN_JSON = Settings(
    log_format="json",
    kafka_password=Secret("kafka-secret"),
    clickhouse=Secret("clickhouse://shop:p%2F4ss%20w%C3%B6rd%22%27@host:9440/shop?ca_certs=x"),
    model_key=Secret("model-secret\n"),
)
LEAKS = (
    "kafka-secret",
    IN_JSON.clickhouse,
    "p%2F4ss%20w%C3%B6rd%22%27",
    PASSWORD,
    repr(PASSWORD)[1:-1],
    "model-secret\n",
    r"model-secret\n",
)

log = logging.getLogger("streams.shop")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """What the log's configuration changes is changed back."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, threading.excepthook, sys.excepthook
    yield
    root.handlers[:], root.level, threading.excepthook, sys.excepthook = before
    logging.captureWarnings(False)
    logging.raiseExceptions = True


def objects(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_is_an_object(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(IN_JSON, worker="w1")
    log.info('%d records, "quoted"\nand broken', 7)
    (one,) = objects(capsys)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", one.pop("ts"))
    assert one == {
        "level": "INFO",
        "logger": "streams.shop",
        "message": '7 records, "quoted"\nand broken',
        "worker": "w1",
    }


def test_without_a_name_the_worker_is_the_process(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(IN_JSON)
    log.warning("hello")
    (one,) = objects(capsys)
    assert one["worker"] == process_name()


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_an_error_has_its_class_and_a_traceback_only_at_debug(capsys: pytest.CaptureFixture[str], level: str) -> None:
    configure_logging(replace(IN_JSON, log_level=level), worker="w1")
    log.error("no answer: %s", Retryable("gone"))
    try:
        raise Fatal("over")
    except Fatal:
        log.exception("that was it")
    said, raised = objects(capsys)
    assert (said["error"], said["message"]) == ("Retryable", "no answer: gone")
    assert (raised["error"], "traceback" in raised) == ("Fatal", level == "DEBUG")


@pytest.mark.parametrize("format", ["text", "json"])
@pytest.mark.parametrize("leak", LEAKS)
def test_secrets_are_masked(capsys: pytest.CaptureFixture[str], format: str, leak: str) -> None:
    configure_logging(replace(IN_JSON, log_format=format, log_level="DEBUG"))
    logging.getLogger("aiokafka").debug("sent %r and %s", leak.encode(), leak)
    try:
        raise ValueError(leak)
    except ValueError as error:
        log.exception("refused")
        say_why_it_ends(error)
    thread = threading.Thread(target=lambda: log.error(leak))
    thread.start()
    thread.join()
    printed = capsys.readouterr().err
    assert printed.count("***") >= 4
    assert leak not in printed
    assert json.dumps(leak)[1:-1] not in printed


@pytest.mark.parametrize("format", ["text", "json"])
def test_why_it_ends(capsys: pytest.CaptureFixture[str], format: str) -> None:
    configure_logging(replace(IN_JSON, log_format=format, log_level="ERROR"), worker="w1")
    say_why_it_ends(Fatal("kafka-secret is\nwrong"))
    say_why_it_ends(KeyError("x"))
    printed = capsys.readouterr().err
    if format == "text":
        assert printed == "footfall: *** is wrong\nfootfall: unexpected KeyError: 'x'\n"
        return
    told = [json.loads(line) for line in printed.splitlines()]
    assert [(one["level"], one["logger"], one["error"]) for one in told] == [
        ("CRITICAL", "footfall", "Fatal"),
        ("CRITICAL", "footfall", "KeyError"),
    ]
    assert told[0]["message"] == "*** is wrong"


def test_a_thread_that_ends_badly_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(IN_JSON, worker="w1")

    def fail() -> None:
        raise LookupError("kafka-secret")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    (one,) = objects(capsys)
    assert (one["level"], one["message"], one["error"]) == ("CRITICAL", "unexpected LookupError", "LookupError")


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_line_that_can_not_be_made_is_left_out(capsys: pytest.CaptureFixture[str], format: str) -> None:
    configure_logging(replace(IN_JSON, log_format=format))
    log.warning("%d records", "kafka-secret")
    log.warning("not UTF-8: %s", "\ud800")
    assert "kafka-secret" not in (printed := capsys.readouterr().err)
    assert format == "text" or "not UTF-8" in printed
