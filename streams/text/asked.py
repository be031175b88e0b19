"""What an HTTP request asks for, and the answer: JSON on either side.

{"texts": ["Well made.", "It broke."], "embedding": true}

{"model": "...", "tier": "...", "scores": [{"negative": 0.1, ..., "n_tokens": 6, "truncated": false}, {"reason": ""}]}
"""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from models.text.scores import TextScores
from schemas.events import Text
from streams.errors import Invalid

MOST_TEXTS = 256
MOST_BYTES = 1 << 20

_EMBEDDING = "embedding"
_DIGITS = 6


class TooMany(Invalid):
    """More than is answered at once. Ask in parts."""


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    texts: list[Text]
    embedding: bool = False


_decoder = msgspec.json.Decoder(Asked)


def asked(body: bytes) -> Asked:
    """Raises ``Invalid`` with what should have been there; it quotes no text."""
    try:
        request = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        why = str(error) if isinstance(error, msgspec.MsgspecError) else "Expected UTF-8"
        raise Invalid(why) from None
    if len(request.texts) > MOST_TEXTS:
        raise TooMany(f"Expected at most {MOST_TEXTS} texts, got {len(request.texts)}")
    return request


def answer(scores: TextScores, *, embedding: bool) -> bytes:
    names = [name for name in scores.columns if embedding or name != _EMBEDDING]
    return orjson.dumps(
        {
            "model": scores.model,
            "tier": scores.tier,
            "scores": [_one(scores, names, row) for row in range(len(scores))],
        },
        option=orjson.OPT_SERIALIZE_NUMPY,
    )


def _one(scores: TextScores, names: list[str], row: int) -> dict[str, Any]:
    if row in scores.reasons:
        return {"reason": scores.reasons[row]}
    found: dict[str, Any] = {}
    for name in names:
        column = scores.columns[name]
        found[name] = round(float(column[row]), _DIGITS) if column.ndim == 1 else column[row]
    if "positive" in found and "negative" in found:
        found["sentiment"] = round(found["positive"] - found["negative"], _DIGITS)
    return found | {"n_tokens": int(scores.n_tokens[row]), "truncated": bool(scores.truncated[row])}
