"""How topics are to be kept."""

import doctest

from schemas import topic_configs
from schemas.topics import ALL


def test_its_examples() -> None:
    result = doctest.testmod(topic_configs)
    assert (result.attempted, result.failed) == (2, 0)


def test_a_moment_is_not_at_once_gone() -> None:
    configs = topic_configs.topic_configs(input_days=1e-12, output_days=1)
    assert list(configs) == list(ALL)
    assert configs["clicks"]["retention.ms"] == "1"
