"""A receipt: what was removed of whom, signed with the key of the erasures.

The signature is an HMAC-SHA256 over the receipt's other fields as JSON, sorted by name. Whom it is about only those can
tell who know the id and have the key.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

import orjson

from schemas.identifiers import digest, key_id
from streams.errors import Invalid

VERSION = 1


def signed(fields: Mapping[str, Any], key: bytes) -> dict[str, Any]:
    """The receipt."""
    receipt = {"receipt": VERSION, **fields, "key": key_id(key)}
    return receipt | {"signature": _signature(receipt, key)}


def verify(text: bytes, key: bytes, *, user_id: str | None = None) -> dict[str, Any]:
    """The receipt's fields. Raises ``Invalid`` where it isn't one, was signed with another key or altered, or is about
    somebody else than ``user_id``."""
    try:
        receipt = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Invalid("this is no receipt: it isn't JSON") from None
    if not isinstance(receipt, dict) or not isinstance(receipt.get("signature"), str):
        raise Invalid("this is no receipt: it has no signature")
    given = receipt.pop("signature")
    if not hmac.compare_digest(given.encode(), _signature(receipt, key).encode()):
        other = "; it was signed with another key" if receipt.get("key") != key_id(key) else ""
        raise Invalid(f"the signature isn't right{other}")
    if user_id is not None and not hmac.compare_digest(str(receipt.get("subject")), digest(key, "user", user_id)):
        raise Invalid("the receipt is about somebody else")
    return receipt


def _signature(receipt: Mapping[str, Any], key: bytes) -> str:
    told = orjson.dumps(receipt, option=orjson.OPT_SORT_KEYS)
    return hmac.digest(key, b"footfall receipt\n" + told, "sha256").hex()
