"""What a worker reads of partitions before their first run: their ends, profiles, alerts."""

from __future__ import annotations

from models.partition import PartitionProfiles
from schemas.alerts import Alert
from schemas.topics import BEHAVIOUR
from streams.clickhouse.ledger import latest_event_ms
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.privacy.tombstones import newer
from streams.settings import Settings
from streams.transport.handler import Partitions
from streams.worker.alerting import suppression, undelivered
from streams.worker.claims import Claims, check_copartitioned
from streams.worker.hydration import warm
from streams.worker.processor import Processor


def take_over(
    partitions: Partitions,
    claims: Claims,
    processor: Processor,
    *,
    reader: Reader,
    writer: Writer,
    settings: Settings,
    now_ms: int,
) -> list[Alert]:
    """On the thread that owns ``claims`` and ``processor``, which are of ``partitions`` and of no others afterwards.

    Returns the alerts of which it isn't known whether they were delivered. Raises ``Fatal`` for partitions that one
    worker can't have without others, and where it isn't known who was erased.
    """
    check_copartitioned(partitions)
    profiles = processor.profiles
    new = claims.take(reader, writer, partitions, now_ms)
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
    return [alert for key in new for alert in undelivered(reader, key, after=claims.logs[key].position)]
