from dataclasses import replace
from pathlib import Path

import pytest

from streams.errors import Invalid
from streams.replay.checkpoint import Checkpoint

FRESH = Checkpoint(source="rees46", path="a.csv")


def test_a_replay_goes_on_where_it_stopped(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint"
    assert FRESH.found_in(file) == FRESH
    replace(FRESH, position=7).save(file)
    assert FRESH.found_in(file).position == 7


def test_a_checkpoint_of_other_data_is_refused(tmp_path: Path) -> None:
    replace(FRESH, path="b.csv", position=7).save(tmp_path / "checkpoint")
    with pytest.raises(Invalid, match=r"a replay of rees46 b\.csv$"):
        FRESH.found_in(tmp_path / "checkpoint")


@pytest.mark.parametrize("content", [b"", b"12", b"\xff", b'{"source":"rees46"}'])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "notes").write_bytes(content)
    with pytest.raises(Invalid, match="is not a checkpoint"):
        FRESH.found_in(tmp_path / "notes")
