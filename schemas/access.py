"""Who may do what in ClickHouse: the users, and for each what it reads and how much a query may take.

On a server these become roles and users (:mod:`schemas.grants`); the local server, whose engine knows neither, keeps to
the same by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from schemas.tables import TABLES

User = Literal["footfall_worker", "footfall_console", "footfall_analyst"]

ANALYST_VIEWS = "analyst_"
"""Begins the names of all that an analyst sees."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Of one query; of a user with limits, none may write or change them."""

    seconds: int
    result_rows: int
    memory_bytes: int

    def settings(self) -> dict[str, int]:
        """As settings of ClickHouse."""
        return {
            "max_execution_time": self.seconds,
            "max_result_rows": self.result_rows,
            "max_memory_usage": self.memory_bytes,
        }


@dataclass(frozen=True, kw_only=True)
class Rights:
    """What one user may."""

    user: User
    about: str
    tables: frozenset[str] = frozenset()
    """That it may read."""
    views: tuple[str, ...] = ()
    """What the names of views begin with that it may read."""
    limits: Limits | None = None
    """None for the user that may do everything within Footfall's database."""

    @property
    def role(self) -> str:
        return f"{self.user}_role"

    @property
    def all(self) -> bool:
        return self.limits is None

    def may_read(self, name: str) -> bool:
        """Whether this table or view may be read, which stands in Footfall's database."""
        return self.all or name in self.tables or name.startswith(self.views)


WORKER: Final = Rights(user="footfall_worker", about="workers and commands: everything in Footfall's database")

CONSOLE: Final = Rights(
    user="footfall_console",
    about="the console, which shows shoppers: reads tables and views, writes nothing",
    tables=frozenset(TABLES) - {"erasing"},  # it holds ids of people who are being erased
    views=("segment_", "shoppers_now", "event_clock", ANALYST_VIEWS),
    limits=Limits(seconds=30, result_rows=100_000, memory_bytes=4 << 30),
)

ANALYST: Final = Rights(
    user="footfall_analyst",
    about="analysts and marketing: reads aggregates over many shoppers, no shopper, no raw identifier",
    tables=frozenset({"model_drift", "system_alerts"}),  # about models and services, no shopper
    views=(ANALYST_VIEWS,),
    limits=Limits(seconds=60, result_rows=1_000_000, memory_bytes=4 << 30),
)

RIGHTS: Final[dict[str, Rights]] = {rights.user: rights for rights in (WORKER, CONSOLE, ANALYST)}
"""By user."""

CHANGEABLE: Final = {"max_execution_time": 1, "max_block_size": 1}
"""Settings that a user with limits may set for its own queries, down to this value; up to the limit, if there is one.
Grafana names the first, `footfall query` the second."""
