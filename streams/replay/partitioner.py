"""The partition of a key: Kafka's own default, so that whoever produces, a shopper's events meet in one partition."""

from __future__ import annotations

from functools import lru_cache

from aiokafka.partitioner import murmur2

_KEYS_REMEMBERED = 1 << 18
"""Hashing costs 4 µs a key, remembering it some 100 bytes."""


@lru_cache(maxsize=_KEYS_REMEMBERED)
def key_hash(key: bytes) -> int:
    """Murmur2 of ``key``, made positive; the partition is the remainder by the number of partitions.

    As ``org.apache.kafka.clients.producer.internals.BuiltInPartitioner.partitionForKey``.

    >>> key_hash(b"17850")
    2146000735
    """
    hashed: int = murmur2(key) & 0x7FFF_FFFF
    return hashed
