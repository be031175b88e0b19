"""Texts to token ids, whatever the texts are like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from models.text.forward import Ids

NO_WORDS = "the text has no words"
REFUSED = "the tokenizer refused the text"

_CHARACTERS_A_TOKEN = 16
"""Read of each end by token of the limit: no language needs as many, and a text of megabytes costs milliseconds."""
_AT_ONCE = 256
_SURROGATES = re.compile("[\ud800-\udfff]")


def valid(text: str) -> tuple[str, bytes]:
    """The text with U+FFFD for lone surrogates, which no encoding has, and its UTF-8."""
    try:
        return text, text.encode()
    except UnicodeEncodeError:
        text = _SURROGATES.sub("\ufffd", text)
        return text, text.encode()


class Tokens(NamedTuple):
    """Of one text."""

    ids: Ids
    n_tokens: int
    """Of the whole text; of one whose middle wasn't even tokenised at least that many."""
    truncated: bool


class TextReader:
    """Tokenises: threads of the Rust tokenizer's own do the work, without the GIL. Thread-safe.

    Of a text longer than the limit, half of the limit is kept of either end: what a review comes to is often said in
    its last sentence (Sun et al., 2019). One of over 32 characters a token of the limit is cut before it is tokenised.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        # A copy: cutting and padding are states of the tokenizer, and others may use theirs.
        self._tokenizer = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._special = self._tokenizer.num_special_tokens_to_add(is_pair=False)

    def read(self, texts: Sequence[str], limit: int) -> list[Tokens | str]:
        """Of each text its tokens, at most ``limit``, or the reason why there are none. Texts must be :func:`valid`."""
        characters = limit * _CHARACTERS_A_TOKEN
        found: list[Tokens | str] = []
        for start in range(0, len(texts), _AT_ONCE):
            some = texts[start : start + _AT_ONCE]
            kept = [_cut(text, characters) for text in some]
            for text, read, ids in zip(some, kept, self._encode(kept), strict=True):
                if ids is None:
                    found.append(REFUSED)
                elif len(ids) <= self._special:
                    found.append(NO_WORDS)
                else:
                    found.append(Tokens(_ends(ids, limit), len(ids), len(ids) > limit or read is not text))
        return found

    def _encode(self, texts: list[str]) -> list[list[int] | None]:
        try:
            return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts)]
        except Exception:  # whatever Rust raises is of one text, and it raises for all of them
            return [self._encode_one(text) for text in texts]

    def _encode_one(self, text: str) -> list[int] | None:
        try:
            ids: list[int] = self._tokenizer.encode_batch_fast([text])[0].ids
        except Exception:  # as above
            return None
        return ids


def _cut(text: str, characters: int) -> str:
    return text if len(text) <= 2 * characters else f"{text[:characters]} {text[-characters:]}"


def _ends(ids: list[int], limit: int) -> Ids:
    if len(ids) > limit:
        tail = limit // 2
        ids = ids[: limit - tail] + ids[len(ids) - tail :]
    return np.array(ids, dtype=np.int32)
