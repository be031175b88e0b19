"""She who was erased is in no table and on no topic of ours, and no replay brings her back."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from models.text.engine import TextEngine
from schemas.topics import ABOUT_PEOPLE
from streams.audit.findings import Audit
from streams.audit.run import audit
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.privacy.erase import Order, count, erase
from streams.privacy.keys import pseudonyms_of, stored_id
from streams.settings import Secret, Settings
from tests.finishing import finish
from tests.streams.privacy.street import DEADLINE_S, street
from tests.streams.privacy.town import CARD, DEVICE, IP, WHO, Town, dump, send, standing, told, traces

TABLES_WITH_HER = {
    "events",
    "profiles",
    "predictions",
    "learnt",
    "alerts",
    "labels",
    "risks",
    "review_scores",
    "scored_reviews",
    "shopper_scores",
    "churn_rearmed",
    "segment_changes",
    "segment_members",
    "dead_letters",
}
OWN_SEGMENT = {
    "shopper_scores": {"reason_1_text": ["silent for 9 days"]},
    "churn_rearmed": {},
    "segment_changes": {
        "segment": ["loyal"],
        "number": [1],
        "change": ["enter"],
        "change_id": ["c"],
        "at_ms": [1],
    },
}
"""What sweeps and rounds would write of her, which take more time than a test has."""


LATE = (
    "SELECT 1 FROM learnt LIMIT 1",
    "SELECT 1 FROM risks LIMIT 1",
    "SELECT 1 FROM segment_members WHERE segment = 'loyal' LIMIT 1",
)
"""What the leader is to have written of her: learnt her label, counted it for her card, told of her segment."""


def found_in(settings: Settings, reader: Reader, *names: str) -> set[str]:
    """Tables and topics that tell of her, or hold one of the names; and whether the text of a mutation does."""
    texts = dump(reader)
    for topic, key, value in standing(told(settings)):
        texts[topic] = f"{texts.get(topic, '')} {key!r} {value!r}"
    commands = reader.query("SELECT command FROM system.mutations WHERE database = currentDatabase()")
    texts["mutations"] = " ".join(command for (command,) in commands)
    return {place for place, text in texts.items() if traces(text) or any(name in text for name in names)}


def write_segments(settings: Settings) -> None:
    writer = Writer(settings)
    for table, columns in OWN_SEGMENT.items():
        writer.insert(table, {"user_id": [stored_id(settings, WHO)]} | columns, token=f"{table} of hers")
    writer.close()


def only_texts(settings: Settings, reader: Reader) -> bool:
    """Whether nothing but what she wrote, and the shop's ids of events and orders, tells of her: no identifier."""
    texts = [*dump(reader).values(), *(f"{key!r} {value!r}" for _, key, value in told(settings))]
    return not any(name in text for text in texts for name in (WHO, CARD, IP, DEVICE))


async def audited(settings: Settings) -> Audit:
    found = await audit(settings)
    assert found.problems == []
    return found


# The connections of a worker last as long as its process, and here several are made in one.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.timeout(240)
@pytest.mark.parametrize("pseudonym_key", ["", "a pseudonyms' key"])
def test_nobody_finds_her_after_the_erasure_and_after_a_replay(
    private: Settings, engine: TextEngine, reader: Reader, pseudonym_key: str
) -> None:
    settings = replace(private, pseudonym_key=Secret(pseudonym_key))
    town = Town()
    hers = town.acts_of_the_one()
    everything = [*town.acts(60), *hers, *town.acts(30)]
    pseudonyms = pseudonyms_of(settings)
    hers_by_kind = {"user": WHO, "card": CARD, "ip": IP, "device": DEVICE}
    names = [pseudonyms.of(*one) for one in hers_by_kind.items()] if pseudonyms else []

    write_segments(settings)  # the leader will tell of it

    async def work() -> None:
        async with street(settings, engine, reader) as here:
            await asyncio.to_thread(send, settings, everything)
            await here.feed()
            await here.until(lambda: all(map(reader.query, LATE)))
            if pseudonym_key:
                assert await asyncio.to_thread(only_texts, settings, reader)
            there = await asyncio.to_thread(found_in, settings, reader, *names)
            assert there == TABLES_WITH_HER | set(ABOUT_PEOPLE)
            (expected,) = await asyncio.to_thread(count, settings, [WHO])

            (receipt,) = await asyncio.to_thread(erase, settings, [WHO], Order(wait_s=60))
            counts = receipt["tables"] | receipt["topics"]
            # What the leader knew of labels it may have told once more before it forgot it.
            assert counts.pop("risks") in (expected["risks"], 2 * expected.pop("risks"))
            assert counts == expected
            assert await asyncio.to_thread(found_in, settings, reader, *names) == set()
            assert (await audited(settings)).total(lambda one: one.erased) == len(hers) + 2  # what the text worker read

            # The shop sends it all again, and she goes on as before.
            rows = reader.query("SELECT count() FROM events FINAL")
            await asyncio.to_thread(send, settings, [*everything, *town.acts_of_the_one()])
            await here.feed()
            assert await asyncio.to_thread(found_in, settings, reader, *names) == set()
            assert reader.query("SELECT count() FROM events FINAL") == rows
            await audited(settings)

        # A group that is reset reads the same records once more; and one whose ledger is gone writes them anew.
        async with street(settings, engine, reader) as here:
            await here.feed()
            assert await asyncio.to_thread(found_in, settings, reader, *names) == set()
        for table in ("ledger", "assignments", "events", "profiles", "dead_letters", "review_scores", "scored_reviews"):
            reader.query(f"TRUNCATE TABLE {table}")
        async with street(settings, engine, reader) as here:
            await here.feed()
            assert await asyncio.to_thread(found_in, settings, reader, *names) == set()
            assert reader.query("SELECT count() FROM events FINAL") == rows
        await audited(settings)

    finish(work(), DEADLINE_S)
