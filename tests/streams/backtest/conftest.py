"""The public data sets, where this machine has them."""

from collections.abc import Callable
from pathlib import Path

import pytest

DATA = Path(__file__).parents[3].parent / "shared" / "data"


@pytest.fixture(scope="session")
def data_file() -> Callable[[str], Path]:
    """The path of a data set's file; the test is skipped where it isn't there."""

    def find(name: str) -> Path:
        if not (DATA / name).exists():
            pytest.skip(f"{name} is not on this machine")
        return DATA / name

    return find
