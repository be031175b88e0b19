"""The examples in the docstrings say what happens."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from models import learning, linear, phrases, scorecard
from models.features import knots
from schemas import alerts


@pytest.mark.parametrize(
    "module", [alerts, knots, learning, linear, phrases, scorecard], ids=lambda module: module.__name__
)
def test_examples_in_docstrings_hold(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted
    assert result.failed == 0
