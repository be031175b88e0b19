"""The cookie of those who signed in: until when, signed by a key that only who has the token can make."""

from __future__ import annotations

import hmac
from hashlib import sha256

from streams.settings import Secret

COOKIE = "footfall_console"
LASTS_S = 12 * 3600
"""A working day."""

_PURPOSE = b"footfall console session 1"
"""A key for nothing else: a cookie can't be taken for what another part may sign by the same token."""


def issued(token: Secret, now_s: float) -> str:
    """The cookie's value.

    >>> value = issued(Secret("open sesame"), 0)
    >>> is_valid(value, Secret("open sesame"), LASTS_S - 1), is_valid(value, Secret("open sesame"), LASTS_S)
    (True, False)
    >>> is_valid(value, Secret("another"), 0), is_valid("9" + value, Secret("open sesame"), 0)
    (False, False)
    """
    until = str(int(now_s) + LASTS_S)
    return f"{until}.{_signature(until, token)}"


def is_valid(value: str, token: Secret, now_s: float) -> bool:
    """Whether it was issued for this token, and not too long ago. Compares in constant time."""
    until, _, signature = value.partition(".")
    given, right = signature.encode("utf-8", "replace"), _signature(until, token).encode()
    return hmac.compare_digest(given, right) and now_s < int(until)


def _signature(until: str, token: Secret) -> str:
    key = hmac.digest(token.encode("utf-8", "surrogateescape"), _PURPOSE, sha256)
    return hmac.digest(key, until.encode("utf-8", "replace"), sha256).hex()
