"""How far a round has looked, by what is done."""

from __future__ import annotations

from schemas.topics import SWEEP
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.segments.rounds import seen


def done(writer: Writer, topic: str, *, first: int, last: int, epoch: int) -> None:
    row = {"topic": [topic], "partition": [1], "first": [first], "last": [last], "epoch": [epoch]}
    writer.insert("ledger", row, token=f"{topic}-{first}-{epoch}")


def test_what_an_owner_does_is_seen_below_what_one_before_left_too(writer: Writer, reader: Reader) -> None:
    done(writer, "clicks", first=0, last=99, epoch=1)
    done(writer, "clicks", first=40, last=49, epoch=2)  # overrules the row from there on
    done(writer, "reviews.text", first=0, last=9, epoch=1)  # of the text workers, who keep no profiles
    writer.insert("sweeps", {"partition": [1], "at_ms": [86_400_000]}, token=SWEEP)
    assert seen(reader) == {"clicks/1": 49, f"{SWEEP}/1": 86_400_000}
    done(writer, "clicks", first=50, last=59, epoch=2)
    assert seen(reader)["clicks/1"] == 59
