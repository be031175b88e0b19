"""The order in which fetched records enter Faust: what was fetched of one partition as one message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from faust.transport.utils import DefaultSchedulingStrategy
from faust.types import TP

from streams.transport.run import Fetched


class RunScheduler(DefaultSchedulingStrategy):
    """Yields each :class:`Fetched` as one record: the last one's offset and time, with all of them as its value.

    Lists of records (of Faust's own topics) go record by record.
    """

    def __init__(self) -> None:
        pass

    def iterate(self, records: Mapping[TP, Any]) -> Iterator[tuple[TP, Any]]:
        singles = {}
        for tp, fetched in records.items():
            if isinstance(fetched, Fetched):
                yield tp, replace(fetched.records[-1], key=None, value=fetched, headers=())
            else:
                singles[tp] = fetched
        yield from super().iterate(singles)
