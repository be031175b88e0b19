from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from streams.replay.partitioner import key_hash

# Printed by org.apache.kafka.common.utils.Utils.toPositive(murmur2(key)) of Apache Kafka 4.3.1.
KAFKA = {
    "1": 154038159,
    "ab": 316155434,
    "17850": 2146000735,
    "12346": 586329701,
    "user-1234567": 928168879,
    "5e7f6c2a-0d8e-4a0e-9f3a-1c2b3d4e5f60": 1363433725,
    "é中": 1857657724,
}


def test_hashes_are_those_of_apache_kafka() -> None:
    assert {key: key_hash(key.encode()) for key in KAFKA} == KAFKA


@given(st.binary(), st.integers(1, 50))
def test_partitions_are_those_of_the_default_partitioner(key: bytes, partitions: int) -> None:
    every = list(range(partitions))
    assert key_hash(key) % partitions == DefaultPartitioner()(key, every, every)
