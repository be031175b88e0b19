from __future__ import annotations

import numpy as np
import pytest

from models.text.cache import Known, ScoreCache, key


def known(value: float) -> Known:
    return Known(np.full(3, value, dtype=np.float32), int(value), value > 5)


def test_gives_back_what_was_put() -> None:
    cache = ScoreCache(2, 3)
    cache.put(b"a", known(1))
    cache.put(b"b", known(9))
    values, n_tokens, truncated = cache.get(b"b") or pytest.fail("b is gone")
    assert (values.tolist(), n_tokens, truncated) == ([9, 9, 9], 9, True)
    assert cache.get(b"c") is None


def test_forgets_what_was_asked_for_longest_ago() -> None:
    cache = ScoreCache(2, 3)
    cache.put(b"a", known(1))
    cache.put(b"b", known(2))
    cache.get(b"a")
    cache.put(b"c", known(3))
    assert cache.get(b"b") is None
    assert [(cache.get(name) or known(0)).n_tokens for name in (b"a", b"c")] == [1, 3]
    assert len(cache) == 2


def test_putting_again_replaces() -> None:
    cache = ScoreCache(2, 3)
    for value in (1, 2):
        cache.put(b"a", known(value))
    assert (cache.get(b"a") or known(0)).n_tokens == 2
    assert len(cache) == 1


def test_of_no_capacity_holds_nothing() -> None:
    cache = ScoreCache(0, 3)
    cache.put(b"a", known(1))
    assert cache.get(b"a") is None


def test_a_key_tells_text_and_tier_apart() -> None:
    assert len({key(text, tier) for text in (b"a", b"b", b"") for tier in ("", "truncated")}) == 6
    assert key(b"a", "") == key(b"a", "")
