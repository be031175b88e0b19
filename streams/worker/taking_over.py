"""What a worker does with an assignment before its first run: claims what is new, and fills memory."""

from __future__ import annotations

from models.partition import PartitionProfiles
from schemas.topics import BEHAVIOUR
from streams.clickhouse.ledger import latest_event_ms
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.errors import Fatal
from streams.privacy.tombstones import newer
from streams.settings import Settings
from streams.transport.handler import Partitions
from streams.worker.alerting import suppression
from streams.worker.claims import Claims, TopicPartition
from streams.worker.hydration import warm
from streams.worker.processor import Processor


def take_over(
    settings: Settings, claims: Claims, processor: Processor, reader: Reader, writer: Writer, partitions: Partitions
) -> set[TopicPartition]:
    """Returns the newly claimed ones; forgets what isn't among ``partitions`` any more. Blocks.

    Raises ``Fatal`` where a partition's topics are apart, or it isn't known who was erased.
    """
    _check_copartitioned(partitions)
    profiles = processor.profiles
    new = claims.take(reader, writer, partitions, processor.clock_ms())
    # After the claim: an erasure that doesn't find it has written its tombstones before.
    processor.ingest.tombstones = newer(reader, settings, processor.ingest.tombstones)
    owned = {partition for topic, partition in partitions if topic in BEHAVIOUR}
    for partition in profiles.keys() - owned:
        del profiles[partition]
        del processor.suppressions[partition]
    for partition, at_ms in latest_event_ms(reader).items():
        processor.latest_ms[partition] = max(at_ms, processor.latest_ms.get(partition, 0))
    for partition in owned:
        if (BEHAVIOUR[0], partition) in new:
            profiles[partition] = PartitionProfiles(epoch=claims.logs[BEHAVIOUR[0], partition].epoch)
            warm(reader, partition, profiles[partition], limit=settings.profile_cache_rows // len(owned))
            processor.suppressions[partition] = suppression(
                reader,
                partition,
                after={topic: claims.logs[topic, partition].position for topic in BEHAVIOUR},
                window_ms=settings.alert_suppress_ms,
            )
    return new


def _check_copartitioned(partitions: Partitions) -> None:
    """A shopper's profile has one owner only if all that makes it up has."""
    for partition in {partition for topic, partition in partitions if topic in BEHAVIOUR}:
        away = [topic for topic in BEHAVIOUR if (topic, partition) not in partitions]
        if away:
            raise Fatal(f"partition {partition} of {', '.join(away)} was assigned to another worker than its siblings")
