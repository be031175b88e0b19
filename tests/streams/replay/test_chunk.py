import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.replay.chunk import Chunk, Rows, encoded, window


def chunk(first: int, n: int) -> Chunk:
    numbers = range(first, first + n)
    return Chunk(topic=["clicks"] * n, key=[b"u"] * n, value=[b"%d" % i for i in numbers], ts=np.array(numbers))


@given(st.lists(st.integers(0, 5), max_size=6), st.integers(0, 20), st.none() | st.integers(1, 20))
def test_a_window_is_a_slice_of_all_events(sizes: list[int], start: int, limit: int | None) -> None:
    starts = [sum(sizes[:at]) for at in range(len(sizes))]
    chunks = [chunk(first, n) for first, n in zip(starts, sizes, strict=True)]
    sent = [value for part in window(chunks, start, limit) for value in part.value]
    stop = None if limit is None else start + limit
    assert sent == [b"%d" % i for i in range(sum(sizes))][start:stop]


@given(st.text(min_size=1))
def test_any_text_survives(text: str) -> None:
    columns = {"event_id": ["1", "2"], "user_id": [text, "b"], "ts": np.array([5, 6]), "item": ["i", text]}
    made = encoded([Rows(type="view", place=np.array([0, 1]), columns=columns)])
    assert list(made.key) == [text.encode(), b"b"]
    assert json.loads(made.value[1]) == {"type": "view", "event_id": "2", "user_id": "b", "ts": 6, "item": text}


def test_types_are_merged_by_place() -> None:
    def rows(type: str, places: list[int]) -> Rows:
        ids = [str(place) for place in places]
        columns = {"event_id": ids, "user_id": ids, "ts": np.array(places)}
        return Rows(type=type, place=np.array(places, dtype=np.int64), columns=columns)

    made = encoded([rows("click", [0, 3]), rows("purchase", [1]), rows("fraud_label", [2]), rows("search", [])])
    assert made.topic == ["clicks", "carts", "labels", "clicks"]
    assert made.ts.tolist() == [0, 1, 2, 3]
    assert [json.loads(value)["event_id"] for value in made.value] == ["0", "1", "2", "3"]


def test_columns_of_different_length_are_refused() -> None:
    columns = {"event_id": ["1"], "user_id": ["u"], "ts": np.array([1]), "item": []}
    with pytest.raises(ValueError, match="zip"):
        encoded([Rows(type="view", place=np.array([0]), columns=columns)])
