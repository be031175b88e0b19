from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import replace
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from click.testing import CliRunner, Result

from schemas.topics import REVIEW_TEXTS, REVIEWS, TopicNames
from streams import dead_letters
from streams.clickhouse.columns import Column
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.commands import main
from streams.dead_letters import Selection, count, groups, letters, replay
from streams.errors import Retryable
from streams.settings import Settings
from streams.transport.topics import ensure_topics

NOT_JSON = b"\xff\0{"
TS = 1_700_000_000_000


@pytest.fixture
def settings(settings: Settings, kafka: str) -> Settings:
    """A migrated database, and topics of the test's own."""
    settings = replace(settings, kafka=kafka, topic_prefix=f"{uuid4().hex[:8]}.", partitions=2)
    asyncio.run(ensure_topics(settings))
    return settings


def write(settings: Settings, topic: str, offset: int, reason: str, *, n: int = 1, value: bytes = NOT_JSON) -> None:
    writer = Writer(settings)
    columns: dict[str, Column] = {
        "topic": [topic] * n,
        "partition": [1] * n,
        "offset": list(range(offset, offset + n)),
        "record_ts": [TS + at for at in range(n)],
        "reason": [reason] * n,
        "key": [b"user\xfe"] * n,
        "value": [value] * n,
        "written_ms": [1] * n,
    }
    writer.insert("dead_letters", columns, token=f"{topic}-{offset}")
    writer.close()


@pytest.fixture
def four(settings: Settings) -> Settings:
    write(settings, "clicks", 0, "price: Expected `float`", n=2)
    write(settings, "clicks", 7, "JSON is malformed")
    write(settings, "labels", 0, "price: Expected `float`", value=b"")
    return settings


def on_broker(settings: Settings, topic: str, n_records: int) -> list[tuple[int, bytes | None, bytes | None]]:
    async def read() -> list[tuple[int, bytes | None, bytes | None]]:
        name = TopicNames(prefix=settings.topic_prefix).on_broker(topic)
        consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka)
        await consumer.start()
        both = [TopicPartition(name, partition) for partition in (0, 1)]
        consumer.assign(both)
        await consumer.seek_to_beginning()
        found: list[tuple[int, bytes | None, bytes | None]] = []
        while len(found) < n_records:
            fetched = await consumer.getmany(timeout_ms=500)
            found += [(one.partition, one.key, one.value) for records in fetched.values() for one in records]
        fetched = await consumer.getmany(timeout_ms=200)
        await consumer.stop()
        assert not fetched, "more than expected"
        return found

    return asyncio.run(asyncio.wait_for(read(), 10))


def test_groups_are_by_topic_and_reason(four: Settings, reader: Reader) -> None:
    found = groups(reader, Selection(), limit=10)
    assert [(one.topic, one.reason, one.letters, one.replayed) for one in found] == [
        ("clicks", "price: Expected `float`", 2, 0),
        ("clicks", "JSON is malformed", 1, 0),
        ("labels", "price: Expected `float`", 1, 0),
    ]
    assert (found[0].first_ms, found[0].last_ms) == (TS, TS + 1)
    assert len(groups(reader, Selection(), limit=2)) == 2


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), 4),
        (Selection(topic="clicks"), 3),
        (Selection(reason="PRICE"), 3),
        (Selection(topic="labels", reason="price: expected"), 1),
        (Selection(reason="100 % ' or 1"), 0),
    ],
)
def test_letters_are_selected(four: Settings, reader: Reader, selection: Selection, expected: int) -> None:
    assert count(reader, selection) == len(list(letters(reader, selection))) == expected


def test_letters_come_whole_in_pages(settings: Settings, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    write(settings, "clicks", 5, "bad", n=10)
    monkeypatch.setattr(dead_letters, "PAGE", 3)
    found = [kept.letter for kept in letters(reader, Selection())]
    assert [one.offset for one in found] == list(range(5, 15))
    assert (found[0].key, found[0].value, found[0].record_ts) == (b"user\xfe", NOT_JSON, TS)
    assert [kept.letter.offset for kept in letters(reader, Selection(), limit=5)] == list(range(5, 10))


def test_a_replay_sends_records_as_they_were_once(four: Settings, reader: Reader) -> None:
    assert asyncio.run(replay(four, Selection(topic="clicks", replayed=False))) == 3
    assert on_broker(four, "clicks", 3) == [(1, b"user\xfe", NOT_JSON)] * 3
    assert asyncio.run(replay(four, Selection(topic="clicks", replayed=False))) == 0
    assert sum(one.replayed for one in groups(reader, Selection(topic="clicks"), limit=10)) == 3
    assert count(reader, Selection()) == 4
    assert asyncio.run(replay(four, Selection(reason="JSON"))) == 1, "asked for explicitly"
    assert len(on_broker(four, "clicks", 4)) == 4


def test_many_are_replayed_in_pages(settings: Settings, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    write(settings, "clicks", 0, "bad", n=10)
    monkeypatch.setattr(dead_letters, "PAGE", 3)
    assert asyncio.run(replay(settings, Selection(replayed=False))) == 10
    assert len(on_broker(settings, "clicks", 10)) == 10
    assert count(reader, Selection(replayed=False)) == 0


def test_a_text_that_could_not_be_scored_is_a_review_again(settings: Settings) -> None:
    write(settings, REVIEW_TEXTS, 3, "tokens: there are none")
    assert asyncio.run(replay(settings, Selection(topic=REVIEW_TEXTS))) == 1
    assert on_broker(settings, REVIEWS, 1) == [(1, b"user\xfe", NOT_JSON)]


def test_an_absent_value_stays_absent(four: Settings) -> None:
    asyncio.run(replay(four, Selection(topic="labels")))
    assert on_broker(four, "labels", 1) == [(1, b"user\xfe", None)]


def test_without_a_broker_nothing_is_marked(four: Settings, reader: Reader) -> None:
    with pytest.raises(Retryable, match=r"^Kafka at 127.0.0.1:1 took 0 letters, then failed"):
        asyncio.run(replay(replace(four, kafka="127.0.0.1:1"), Selection()))
    assert count(reader, Selection(replayed=False)) == 4


class TestCommand:
    @pytest.fixture(autouse=True)
    def environment(self, four: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in four.to_env().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("COLUMNS", "200")

    def run(self, *arguments: str) -> Result:
        result = CliRunner().invoke(main, ["dead-letters", *arguments])
        assert result.exit_code == 0, result.output
        return result

    def test_list(self) -> None:
        lines = self.run("list").output.splitlines()
        assert lines[0].split()[:2] == ["topic", "reason"]
        assert lines[1].startswith("clicks  price: Expected `float`")
        assert len(lines) == 4

    def test_list_of_nothing(self) -> None:
        assert self.run("list", "--topic", "carts").output == "No dead letters.\n"

    def test_list_as_json(self) -> None:
        first = json.loads(self.run("list", "--json").output.splitlines()[0])
        assert (first["topic"], first["letters"]) == ("clicks", 2)
        full = json.loads(self.run("list", "--json", "--full", "--limit", "1").output)
        assert base64.b64decode(full["value"]) == NOT_JSON

    def test_list_one_by_one_escapes_what_is_not_printable(self) -> None:
        lines = self.run("list", "--full", "--reason", "JSON").output.splitlines()
        assert lines == [
            "clicks, partition 1, offset 7: JSON is malformed",
            "  2023-11-14 22:13:20  user\\xfe  \\xff\\x00{",
        ]

    def test_replay(self) -> None:
        assert self.run("replay", "--dry-run").output == "4 dead letters would be sent.\n"
        assert self.run("replay", "--reason", "price").output == "3 dead letters sent.\n"
        assert self.run("replay", "--dry-run").output == "1 dead letters would be sent.\n"
        assert self.run("replay", "--again", "--dry-run").output == "4 dead letters would be sent.\n"
