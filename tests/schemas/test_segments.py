"""What a segment's file holds, and what is no segment."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.segments.definition import MOST, load, parse

GOOD = """
-- title: Carts
-- description: Left something
--   in the cart.
-- owner: crm
-- enters:
cart_left >= 20
    AND hours_since_last > 1  -- not yet gone
-- stays:
cart_left >= 10
-- score:
cart_left
-- reason:
'a cart'
"""


def test_a_file_is_read_by_its_parts() -> None:
    segment = parse("carts", GOOD)
    assert (segment.title, segment.description, segment.owner) == ("Carts", "Left something in the cart.", "crm")
    assert segment.enters == "cart_left >= 20\n    AND hours_since_last > 1  -- not yet gone"
    assert (segment.stays, segment.score, segment.reason) == ("cart_left >= 10", "cart_left", "'a cart'")
    assert segment.view == "segment_carts"


@pytest.mark.parametrize("part", ["title", "description", "owner", "enters", "stays", "score", "reason"])
def test_a_file_that_lacks_a_part_is_refused(part: str) -> None:
    with pytest.raises(ValueError, match=rf"^carts.sql lacks -- {part}:$"):
        parse("carts", GOOD.replace(f"-- {part}:", "--"))


def test_a_part_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^carts.sql has two parts named owner$"):
        parse("carts", GOOD + "-- owner: me")


@pytest.mark.parametrize("name", ["Carts", "carts-left", "1st", "", "a" * 65, "x'; DROP TABLE events"])
def test_a_name_that_is_no_word_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"isn't named like a segment"):
        parse(name, GOOD)


def test_a_folder_has_at_most_as_many_as_a_word_has_bits(tmp_path: Path) -> None:
    for number in range(MOST + 1):
        (tmp_path / f"segment_{number}.sql").write_text(GOOD)
    with pytest.raises(ValueError, match=r"^There are 65 segments; 64 are the most$"):
        load(tmp_path)
