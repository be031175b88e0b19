"""Dead letters without identifiers, and whose they are."""

from __future__ import annotations

import hmac
import json
import re
from typing import Any

import msgspec

from models.pseudonyms import Pseudonyms
from schemas.batch import NUMBERS, TEXTS
from schemas.deadletters import DeadLetter
from schemas.identifiers import IDENTIFIERS

MARK = "pseudonymised"
"""A field of the values that were made here: what was sent is on its topic, at the letter's offset."""

_BEGINNING = b'{"%s":true' % MARK.encode()
_KEPT = frozenset((*TEXTS, *NUMBERS, "type", "ts"))
_USER = re.compile(rb'"user_id"\s*:\s*("(?:[^"\\]|\\.)*"|[^\s",:{}\[\]]+)')


def people_of(key: bytes, value: bytes) -> set[str]:
    """Who a record that couldn't be used may be about: its key, and each ``user_id`` in it, JSON or not."""
    found = {key.decode(errors="replace")}
    for written in _USER.findall(value):
        try:
            found.add(_text(json.loads(written)))
        except ValueError:
            found.add(written.strip(b'"').decode(errors="replace"))
    return found - {""}


def is_pseudonymised(letter: DeadLetter) -> bool:
    return letter.value.startswith(_BEGINNING)


def pseudonymised(letter: DeadLetter, pseudonyms: Pseudonyms, key: bytes) -> DeadLetter:
    """The letter with pseudonyms for identifiers, and without what isn't in the contract. A value that isn't a JSON
    object is withheld: of that its size is left, and an HMAC by which it can be told from others."""
    fields = _fields(letter.value)
    if fields is None:
        told: dict[str, Any] = {
            "withheld_bytes": len(letter.value),
            "withheld_hmac": hmac.digest(key, letter.value, "sha256").hex(),
        }
    else:
        told = {name: _shown(pseudonyms, name, value) for name, value in fields.items() if name in _KEPT}
    return msgspec.structs.replace(
        letter,
        key=pseudonyms.of("user", letter.key.decode(errors="replace")).encode(),
        value=json.dumps({MARK: True} | told, separators=(",", ":")).encode(),
    )


def _fields(value: bytes) -> dict[str, Any] | None:
    """None for what is no JSON object, or names a field twice: the one that isn't read may hold anything."""
    try:
        pairs = json.loads(value, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return None
    if not isinstance(pairs, _Pairs) or len(dict(pairs)) != len(pairs):
        return None
    return dict(pairs)


class _Pairs(list[tuple[str, Any]]):
    """An object's fields as they stand."""


def _shown(pseudonyms: Pseudonyms, name: str, value: Any) -> Any:
    if isinstance(value, list):
        return "withheld"
    return pseudonyms.of(IDENTIFIERS[name], _text(value)) if name in IDENTIFIERS else value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
