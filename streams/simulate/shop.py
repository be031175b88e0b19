"""What may be chosen of a simulated shop."""

from __future__ import annotations

from dataclasses import dataclass

from streams.errors import Invalid

DAY_MS = 86_400_000
HOUR_MS = 3_600_000

START_MS = 1_735_689_600_000
"""2025-01-01"""


@dataclass(frozen=True, kw_only=True)
class Shop:
    """Parameters
    ----------
    seed
        Of all that is drawn. Event ids begin with it.
    shoppers
        How many there are at a time: whoever falls silent for good is followed by another. Memory grows with them.
    start_ms
        A midnight, when the stream begins.
    fraud
        About the share of purchases that are frauds.
    late, duplicates, broken
        Shares of events that come hours later than they happened; that are sent once more; after which a record
        comes that no consumer can use.

    Raises ``Invalid`` for what can't be.
    """

    seed: int = 1
    shoppers: int = 20_000
    start_ms: int = START_MS
    fraud: float = 0.01
    late: float = 0.02
    duplicates: float = 0.01
    broken: float = 0.001

    def __post_init__(self) -> None:
        for name in ("fraud", "late", "duplicates", "broken"):
            if not 0 <= getattr(self, name) <= 1:
                raise Invalid(f"{name} is {getattr(self, name)}, but must be a share from 0 to 1")
        if self.shoppers < 1 or self.seed < 0:
            raise Invalid("a shop needs one shopper at least, and a seed of 0 or more")
        if self.start_ms % DAY_MS:
            raise Invalid("a shop begins at a midnight")
