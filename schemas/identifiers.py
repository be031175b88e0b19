"""What tells people apart: the identifiers that events carry, the pseudonyms that may stand for them, and the digests
by which somebody who was erased is known again.

Both are HMAC-SHA256 (RFC 2104) under a key of the operator's, over the kind and the value, so that nobody without the
key can try values out, and one value of two kinds is two pseudonyms.
"""

from __future__ import annotations

import hmac
import re

IDENTIFIERS = {"user_id": "user", "card": "card", "ip": "ip", "device": "device"}
"""Kind by column: the kinds are those of ``schemas.layout.KINDS``."""

PSEUDONYM_BYTES = 16
"""Two of 10¹² values share a pseudonym with a probability of 1 in 10¹⁴."""
BUCKETS = 1 << 16
"""Into which ids fall by their hash, so that a digest is only computed for those in the bucket of an erased one. The
bucket is all that a tombstone tells without the key: of a million people it fits fifteen."""

PSEUDONYM_SQL = "startsWith(user_id, 'p:') AND length(user_id) = 34"
"""Whether a column ``user_id`` holds one."""

_MARK = "p:"
_PSEUDONYM = re.compile(r"p:[0-9a-f]{32}")


def pseudonym(key: bytes, kind: str, value: str) -> str:
    """34 characters that :func:`is_pseudonym` knows; empty for an absent value.

    >>> pseudonym(b"0123456789abcdef", "user", "ann"), pseudonym(b"0123456789abcdef", "card", "ann")
    ('p:3e8625998d07ebab8ae9f697d928cfb0', 'p:5262ca176a1d82d8b4ebdbd51c40c101')
    """
    if not value:
        return ""
    hashed = hmac.digest(key, f"footfall pseudonym\n{kind}\n{value}".encode(), "sha256")
    return _MARK + hashed[:PSEUDONYM_BYTES].hex()


def is_pseudonym(value: str) -> bool:
    """By its form: whatever has it on a topic of ours, or is typed by an operator, isn't hashed again."""
    return _PSEUDONYM.fullmatch(value) is not None


def digest(key: bytes, kind: str, value: str) -> str:
    """64 hexadecimal digits by which a tombstone knows an identifier."""
    return hmac.digest(key, f"footfall erased\n{kind}\n{value}".encode(), "sha256").hex()


def key_id(key: bytes) -> str:
    """16 hexadecimal digits that tell keys apart: what one key has written can't be read with another."""
    return hmac.digest(key, b"footfall key", "sha256").hex()[:16]
