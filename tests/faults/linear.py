"""The topics read once from begin to end, in one process: what everything else is compared with."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from aiokafka import AIOKafkaConsumer, TopicPartition

from models.duplicates import DuplicateWindow, identities
from models.partition import PartitionProfiles
from schemas.deadletters import DeadLetter
from schemas.decode import Decoder
from schemas.ledger import Span
from schemas.topics import ALERTS_CHURN, ALERTS_FRAUD, BEHAVIOUR, DEAD_LETTERS, INPUTS, TopicNames
from streams.audit.lag import progress
from streams.settings import Settings

READ_TIMEOUT_S = 60.0

Pair = tuple[str, int]


@dataclass
class Reread:
    """``profiles`` has a row a profile, by kind, partition and id."""

    profiles: pd.DataFrame
    n_records: int = 0
    n_duplicates: int = 0
    dead_letters: list[DeadLetter] = field(default_factory=list)


async def records_of(settings: Settings, logs: Mapping[tuple[str, int], Span]) -> dict[Pair, list[Any]]:
    """All records; ``logs`` is by topic in the contract's names."""
    names = TopicNames(prefix=settings.topic_prefix)
    found = {}
    async with AIOKafkaConsumer(bootstrap_servers=settings.kafka, enable_auto_commit=False) as consumer:
        for (topic, partition), log in logs.items():
            at = TopicPartition(names.on_broker(topic), partition)
            consumer.assign([at])
            consumer.seek(at, log.first)
            records: list[Any] = []
            async with asyncio.timeout(READ_TIMEOUT_S):
                while await consumer.position(at) < log.last:
                    records += (await consumer.getmany(at, timeout_ms=200)).get(at, [])
            found[topic, partition] = records
    return found


def reread(settings: Settings) -> Reread:
    """One pass over the inputs, with the library's parts and none of the worker's."""

    async def read() -> dict[Pair, list[Any]]:
        logs, _ = await progress(settings)
        return await records_of(settings, logs)

    records = asyncio.run(read())
    profiles = {
        partition: PartitionProfiles(epoch=0, complete=True) for topic, partition in records if topic in BEHAVIOUR
    }
    found = Reread(pd.DataFrame())
    for topic in INPUTS:
        decoder = Decoder(topic, max_ahead_ms=int(settings.max_ahead_s * 1000))
        for partition in profiles:
            batch = records.get((topic, partition), [])
            if not batch:
                continue
            found.n_records += len(batch)
            events, letters = decoder.decode(partition, batch)
            found.dead_letters += letters
            window = DuplicateWindow(window=settings.duplicate_window)
            fresh = window.admit(identities(events.user_id, events.event_id), events.offset)
            found.n_duplicates += len(fresh) - int(fresh.sum())
            if topic in BEHAVIOUR:
                events = events.where(fresh)
                profiles[partition].missing(events)
                profiles[partition].observe(events, tick=1)
    found.profiles = _table(profiles)
    return found


def _table(profiles: Mapping[int, PartitionProfiles]) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"kind": kind, "partition": partition, **rows.columns})
        for partition, of_partition in profiles.items()
        for kind, rows in of_partition.take_dirty()
    ]
    return pd.concat(parts).set_index(["kind", "partition", "id"]).sort_index()


def delivered(settings: Settings) -> dict[str, set[str]]:
    """What stands on the topics of the outside: ids of alerts by topic, and values of dead letters."""

    async def read() -> dict[str, list[Any]]:
        topics = (ALERTS_FRAUD, ALERTS_CHURN, DEAD_LETTERS)
        names = TopicNames(prefix=settings.topic_prefix)
        async with AIOKafkaConsumer(bootstrap_servers=settings.kafka, enable_auto_commit=False) as consumer:
            found: dict[str, list[Any]] = {}
            for topic in topics:
                ats = [TopicPartition(names.on_broker(topic), n) for n in range(settings.partitions)]
                consumer.assign(ats)
                await consumer.seek_to_beginning(*ats)
                found[topic] = await _drained(consumer, ats)
            return found

    return {topic: {record.value for record in records} for topic, records in asyncio.run(read()).items()}


async def _drained(consumer: AIOKafkaConsumer, ats: list[TopicPartition]) -> list[Any]:
    records: list[Any] = []
    async with asyncio.timeout(READ_TIMEOUT_S):
        while True:
            fetched = await consumer.getmany(*ats, timeout_ms=300)
            records += [record for of_one in fetched.values() for record in of_one]
            positions = [await consumer.position(at) for at in ats]
            ends = [consumer.highwater(at) for at in ats]
            if not fetched and all(
                end is not None and position >= end for position, end in zip(positions, ends, strict=True)
            ):
                return records
