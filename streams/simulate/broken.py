"""The ways in which a record can be no event: each takes an event's JSON and returns what no consumer can use."""

from __future__ import annotations

from collections.abc import Callable


def cut_off(value: bytes) -> bytes:
    return value[: len(value) // 2]


def not_text(value: bytes) -> bytes:
    return b"\xff\xfe" + value


def of_no_type(value: bytes) -> bytes:
    return value.replace(b'"type":"', b'"type":"un', 1)


def in_seconds(value: bytes) -> bytes:
    """By a clock of seconds, not milliseconds."""
    digits = value.index(b'"ts":') + 5
    return value[: digits + 10] + value[digits + 13 :]


def of_nobody(value: bytes) -> bytes:
    return value.replace(b'"user_id":', b'"client_id":', 1)


def a_list(value: bytes) -> bytes:
    return b"[" + value + b"]"


def twice(value: bytes) -> bytes:
    return value + value


WAYS: tuple[Callable[[bytes], bytes], ...] = (cut_off, not_text, of_no_type, in_seconds, of_nobody, a_list, twice)
"""Numbered from 1 on."""
