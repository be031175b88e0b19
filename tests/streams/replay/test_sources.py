"""Every source: events that pass the decoder, in order, with ids that are unique and the same each time."""

import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from time import time
from typing import Any, NamedTuple

import numpy as np
import pytest

from schemas.decode import Decoder
from streams.errors import Invalid
from streams.replay.chunk import CHUNK_EVENTS, Chunk
from streams.replay.sources import SOURCES

FILES = {
    "online-retail": None,
    "online-retail-reviews": None,
    "rees46": "rees46_2019-10-01.csv.gz",
    "taobao": "taobao_2hours.csv.gz",
    "fraud-handbook": "fraud_handbook.parquet",
}
AT_MOST = 60_000
OTTO = [
    {
        "session": 12,
        "events": [
            {"aid": 9, "ts": 1661724000278, "type": "clicks"},
            {"aid": 9, "ts": 1661724010000, "type": "carts"},
            {"aid": 9, "ts": 1661724020000, "type": "orders"},
            {"aid": 7, "ts": 1661724020000, "type": "orders"},
        ],
    },
    {"session": 13, "events": [{"aid": 8, "ts": 1661724000300, "type": "clicks"}]},
]


class Record(NamedTuple):
    offset: int
    timestamp: int
    key: bytes
    value: bytes


def first_events(chunks: Iterator[Chunk], n: int) -> list[tuple[str, bytes, dict[str, Any]]]:
    """Topic, key and event."""
    rows = (row for chunk in chunks for row in zip(chunk.topic, chunk.key, chunk.value, strict=True))
    return [(topic, key, json.loads(value)) for topic, key, value in islice(rows, n)]


@pytest.fixture(params=[*FILES, "otto", "jsonl"])
def chunks(request: pytest.FixtureRequest, tmp_path: Path, data_file: Callable[[str], Path]) -> Callable[[], Any]:
    """Reads the source anew with each call, up to ``AT_MOST`` events."""
    name: str = request.param
    if name in FILES:
        path = data_file(file) if (file := FILES[name]) else None
    else:
        path = tmp_path / "lines.jsonl"
        events = [json.loads(value) for value in next(SOURCES["online-retail"].events()).value]
        path.write_text("\n".join(map(json.dumps, OTTO if name == "otto" else events)))
    return lambda: islice(SOURCES[name].events(path), AT_MOST // CHUNK_EVENTS)


def test_all_events_pass_the_decoder(chunks: Callable[[], Iterator[Chunk]]) -> None:
    now_ms = int(time() * 1000)
    for chunk in chunks():
        for topic in set(chunk.topic):
            rows = zip(chunk.topic, chunk.key, chunk.value, chunk.ts, strict=True)
            records = [Record(0, now_ms, key, value) for of, key, value, _ in rows if of == topic]
            events, letters = Decoder(topic).decode(0, records)
            assert letters == []
            assert events.ts.tolist() == [ts for of, ts in zip(chunk.topic, chunk.ts, strict=True) if of == topic]


def test_ids_are_unique_for_a_shopper_and_a_topic(chunks: Callable[[], Iterator[Chunk]]) -> None:
    seen = [(topic, key, event["event_id"]) for topic, key, event in first_events(chunks(), AT_MOST)]
    assert len(set(seen)) == len(seen) > 0


def test_reading_twice_gives_the_same_bytes(chunks: Callable[[], Iterator[Chunk]]) -> None:
    first, second = list(chunks()), list(chunks())
    assert [chunk.value for chunk in first] == [chunk.value for chunk in second]
    assert [list(chunk.key) for chunk in first] == [list(chunk.key) for chunk in second]


@pytest.mark.parametrize("name", FILES)
def test_events_are_in_the_order_of_time(name: str, data_file: Callable[[str], Path]) -> None:
    path = data_file(file) if (file := FILES[name]) else None
    ts = np.concatenate([chunk.ts for chunk in islice(SOURCES[name].events(path), AT_MOST // CHUNK_EVENTS)])
    assert (np.diff(ts) >= 0).all()


def test_rees46(data_file: Callable[[str], Path]) -> None:
    events = first_events(SOURCES["rees46"].events(data_file("rees46_2019-10-01.csv.gz")), AT_MOST)
    types = [event["type"] for _, _, event in events]
    assert (types.count("view"), types.count("cart_add"), types.count("purchase")) == (17_055, 165, 214)
    assert events[0] == (
        "clicks",
        b"541312140",
        {
            "type": "view",
            "event_id": "1569888000000-0",
            "user_id": "541312140",
            "ts": 1_569_888_000_000,
            "item": "44600062",
            "category": "2103807459595387724",
            "brand": "shiseido",
            "price": 35.79,
            "currency": "USD",
            "session": "72d76fde-8bb3-4e00-8c23-a032dfed738c",
        },
    )
    assert events[2][2]["brand"] == ""


def test_taobao(data_file: Callable[[str], Path]) -> None:
    events = first_events(SOURCES["taobao"].events(data_file("taobao_2hours.csv.gz")), 100_000)
    types = [event["type"] for _, _, event in events]
    counts = [types.count(type) for type in ("view", "cart_add", "click", "purchase")]
    assert counts == [85_773, 5_292, 2_959, 2_144]
    assert min(event["ts"] for _, _, event in events) >= 1_500_000_000_000


def test_fraud_handbook_labels_every_purchase_a_week_later(data_file: Callable[[str], Path]) -> None:
    events = first_events(SOURCES["fraud-handbook"].events(data_file("fraud_handbook.parquet")), 150_000)
    purchases = {event["event_id"]: event for topic, _, event in events if topic == "carts"}
    labels = [event for topic, _, event in events if topic == "labels"]
    assert len(labels) > 40_000
    for label in labels:
        purchase = purchases[label["target"]]
        assert label["ts"] - purchase["ts"] == 7 * 86_400_000
        assert label["user_id"] == purchase["user_id"]
    frauds = sum(label["verdict"] == "fraud" for label in labels)
    assert 0.001 < frauds / len(labels) < 0.02
    assert SOURCES["fraud-handbook"].total(data_file("fraud_handbook.parquet")) == 2 * 1_754_155


def test_otto(tmp_path: Path) -> None:
    path = tmp_path / "otto.jsonl"
    path.write_text("\n".join(map(json.dumps, OTTO)) + "\n\n")
    events = first_events(SOURCES["otto"].events(path), 10)
    assert [(topic, key, event["type"], event["item"]) for topic, key, event in events] == [
        ("clicks", b"12", "view", "9"),
        ("carts", b"12", "cart_add", "9"),
        ("carts", b"12", "purchase", "9"),
        ("carts", b"12", "purchase", "7"),
        ("clicks", b"13", "view", "8"),
    ]
    assert events[2][2]["order_id"] == events[3][2]["order_id"]


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "jsonl"])
def test_another_file_is_refused_by_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("a note\n1, 2\n")
    with pytest.raises(Invalid, match=r"notes\.txt"):
        list(SOURCES[name].events(path))


@pytest.mark.parametrize("name", [name for name, source in SOURCES.items() if not source.shipped])
def test_a_source_that_does_not_ship_asks_for_its_file(name: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="--path"):
        SOURCES[name].events()
    with pytest.raises(Invalid, match="is not a file"):
        SOURCES[name].events(tmp_path / "nowhere")
