import gzip
import json
from pathlib import Path

import pytest

from streams.errors import Invalid
from streams.replay.sources.jsonl import SOURCE, read_raw

VIEW = b'{"type": "view", "event_id": "1", "user_id": "a", "ts": 1700000000000, "item": "i"}'
LABEL = b'{"type":"fraud_label","event_id":"2","user_id":"b","ts":1700000000000,"target":"1","verdict":"ok","more":{}}'


def test_lines_are_sent_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl.gz"
    path.write_bytes(gzip.compress(VIEW + b"\r\n\n" + LABEL))
    (chunk,) = SOURCE.events(path)
    assert (chunk.topic, chunk.key, chunk.value) == (["clicks", "labels"], [b"a", b"b"], [VIEW, LABEL])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "Input data was truncated"),
        (VIEW.replace(b"view", b"wink"), "type: Invalid value 'wink'"),
        (VIEW.replace(b'"i"', b"5"), "item: Expected `str`, got `int`"),
        (VIEW.replace(b'"a"', b'"\xff"'), "Expected UTF-8"),
    ],
)
def test_a_broken_line_is_told_by_its_number(tmp_path: Path, line: bytes, said: str) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\n".join([VIEW, b"", line, VIEW]))
    with pytest.raises(Invalid) as raised:
        list(SOURCE.events(path))
    assert str(raised.value) == f"{path}, line 3: {said}"


def test_raw_lines_go_where_they_can_be_told_to_belong(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    lines = [VIEW, LABEL, LABEL[:-20], b"hello", json.dumps({"type": "wink", "user_id": 7}).encode(), b"\xff"]
    path.write_bytes(b"\n".join(lines))
    (chunk,) = read_raw(path, "carts")
    assert chunk.value == lines
    assert chunk.topic == ["clicks", "labels", "labels", "carts", "carts", "carts"]
    assert chunk.key == [b"a", b"b", b"b", b"", b"", b""]


def test_a_cut_archive_is_told(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl.gz"
    path.write_bytes(gzip.compress(VIEW)[:-10])
    with pytest.raises(Invalid, match="can't be read"):
        list(SOURCE.events(path))
