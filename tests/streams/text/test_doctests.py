"""The examples in the docstrings say what happens."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from schemas import topics
from streams.text import lag, pace


@pytest.mark.parametrize("module", [topics, lag, pace], ids=lambda module: module.__name__)
def test_examples_in_docstrings_hold(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted
    assert result.failed == 0
