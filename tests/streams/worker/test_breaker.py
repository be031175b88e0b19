"""When a topic that is mostly dead letters stops its worker, and what it says then."""

from __future__ import annotations

import pytest

from schemas.deadletters import DeadLetter
from streams.errors import Fatal
from streams.worker.breaker import DeadLetterBreaker

SECRET = "ann bought boots"  # noqa: S105 - of a shopper, not a password


def letters(n: int) -> list[DeadLetter]:
    return [
        DeadLetter(
            topic="carts",
            partition=3,
            offset=100 + at,
            record_ts=0,
            reason=f"amount: reason {at}",
            key=SECRET.encode(),
            value=SECRET.encode(),
        )
        for at in range(n)
    ]


def checks(breaker: DeadLetterBreaker, *batches: tuple[int, int]) -> None:
    """Batches of so many records, of which so many are dead letters."""
    for n_records, n_letters in batches:
        breaker.check(n_records, letters(n_letters))


@pytest.mark.parametrize(
    "batches",
    [
        [(100, 50)],  # the share itself doesn't stop
        [(99, 99)],  # not enough records to tell
        [(60, 60), (39, 39)],
        [(1000, 500), (2, 1)],
        [(100, 0), (50, 50)],  # the older records count as long as the run needs them
        [(50, 50), (100, 0), (99, 40)],  # the first have left the run
        [(100, 50)] * 20,
        [(0, 0)] * 3,
    ],
)
def test_a_share_that_is_not_exceeded_goes_on(batches: list[tuple[int, int]]) -> None:
    checks(DeadLetterBreaker(ratio=0.5, run=100), *batches)


@pytest.mark.parametrize(
    "batches",
    [
        [(100, 51)],
        [(60, 60), (40, 40)],
        [(4000, 2001)],
        [(1, 1)] * 100,
        [(100_000, 0), (100, 51)],  # a good past doesn't excuse the latest run
        [(30, 0), (30, 10), (40, 41)],
    ],
)
def test_a_share_that_is_exceeded_stops(batches: list[tuple[int, int]]) -> None:
    breaker = DeadLetterBreaker(ratio=0.5, run=100)
    checks(breaker, *batches[:-1])
    with pytest.raises(Fatal):
        checks(breaker, batches[-1])


@pytest.mark.parametrize(("ratio", "stops"), [(0.0, True), (1.0, False)])
def test_the_extreme_shares(ratio: float, stops: bool) -> None:
    breaker = DeadLetterBreaker(ratio=ratio, run=10)
    checks(breaker, (10, 0))
    if stops:
        with pytest.raises(Fatal):
            checks(breaker, (10, 1))
    else:
        checks(breaker, (10, 10))


def test_a_batch_without_dead_letters_never_stops() -> None:
    """They are taken in when they come; the batch after them isn't the one to blame."""
    breaker = DeadLetterBreaker(ratio=0.5, run=100)
    checks(breaker, (99, 99), (1, 0))


def test_the_message_names_the_place_and_the_reason_but_nothing_of_the_record() -> None:
    with pytest.raises(Fatal) as stopped:
        checks(DeadLetterBreaker(ratio=0.25, run=10), (10, 4))
    message = str(stopped.value)
    assert "4 of the last 10 records of carts partition 3" in message
    assert "offset 103: amount: reason 3" in message
    assert "nothing of them was acknowledged" in message
    assert "FOOTFALL_DEAD_LETTER_RATIO above 0.25" in message
    assert SECRET not in message
    assert "\n" not in message
