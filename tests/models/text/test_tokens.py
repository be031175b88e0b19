from __future__ import annotations

import time

from models.text.tokens import NO_WORDS, TextReader, Tokens, valid
from tests.models.text.tiny import tiny_model

LIMIT = 16
MODEL = tiny_model(limit=LIMIT)
READER = TextReader(MODEL.tokenizer)


def read(text: str) -> Tokens:
    (found,) = READER.read([valid(text)[0]], LIMIT)
    assert isinstance(found, Tokens), found
    return found


def test_ids_are_the_tokenizers() -> None:
    assert read("good dress").ids.tolist() == MODEL.tokenizer("good dress")["input_ids"]


def test_head_and_tail_are_kept() -> None:
    text = "a" * 20 + "b" * 20
    whole = MODEL.tokenizer(text, truncation=False)["input_ids"]
    found = read(text)
    assert found.ids.tolist() == whole[:8] + whole[-8:]
    assert (found.n_tokens, found.truncated) == (42, True)


def test_a_text_of_the_limit_is_whole() -> None:
    found = read("a" * (LIMIT - 2))
    assert (len(found.ids), found.n_tokens, found.truncated) == (LIMIT, LIMIT, False)


def test_a_text_of_megabytes_is_cut_before_it_is_tokenised() -> None:
    began = time.thread_time()
    found = read("a" + "bc " * 1_000_000 + "d")
    assert time.thread_time() - began < 0.1
    assert found.truncated
    assert found.ids[1] == read("a").ids[1]
    assert found.n_tokens > LIMIT


def test_the_tokenizer_stays_as_it_was() -> None:
    MODEL.tokenizer.backend_tokenizer.enable_truncation(4)
    try:
        assert len(TextReader(MODEL.tokenizer).read(["aaaaaaaa"], LIMIT)[0].ids) == 10  # type: ignore[union-attr]
        assert MODEL.tokenizer.backend_tokenizer.truncation["max_length"] == 4
    finally:
        MODEL.tokenizer.backend_tokenizer.no_truncation()


def test_texts_without_words_have_a_reason() -> None:
    assert READER.read(["", "  \n", "\x00\x07"], LIMIT) == [NO_WORDS] * 3


def test_lone_surrogates_are_replaced() -> None:
    text, data = valid("a\ud800b😀")
    assert text == data.decode() == "a\ufffdb😀"
    assert valid("a😀") == ("a😀", "a😀".encode())
