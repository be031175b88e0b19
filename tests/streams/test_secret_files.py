"""Secrets in files, as the environment names them."""

from pathlib import Path

import pytest

from streams.errors import SettingError
from streams.local_settings import settings_here
from streams.settings import Settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "key").write_text("s3cret\n")
    return tmp_path / "key"


def test_a_secret_is_what_its_file_holds(file: Path) -> None:
    settings = Settings.from_env({"FOOTFALL_MODEL_KEY_FILE": str(file), "FOOTFALL_PARTITIONS": "8"})
    assert (settings.model_key, settings.partitions) == ("s3cret", 8)
    assert "s3cret" not in repr(settings)
    assert settings.to_env() == {"FOOTFALL_MODEL_KEY": "s3cret", "FOOTFALL_PARTITIONS": "8"}


def test_spaces_and_lines_inside_are_kept(file: Path) -> None:
    file.write_text(" two\nlines \r\n")
    assert Settings.from_env({"FOOTFALL_MODEL_KEY_FILE": str(file)}).model_key == " two\nlines "


def test_a_secret_given_both_ways_is_refused(file: Path) -> None:
    with pytest.raises(SettingError, match="both FOOTFALL_MODEL_KEY and FOOTFALL_MODEL_KEY_FILE are set") as raised:
        Settings.from_env({"FOOTFALL_MODEL_KEY": "other", "FOOTFALL_MODEL_KEY_FILE": str(file)})
    assert not any(secret in str(raised.value) for secret in ("s3cret", "other"))


@pytest.mark.parametrize(
    ("content", "said"), [(None, "No such file"), (b"\n", "holds nothing"), (b"s3cret\xff", "doesn't hold UTF-8")]
)
def test_a_file_without_a_secret_is_told_and_not_shown(content: bytes | None, said: str, tmp_path: Path) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingError, match=f"FOOTFALL_MODEL_KEY_FILE is .*key', which .*{said}") as raised:
        Settings.from_env({"FOOTFALL_MODEL_KEY_FILE": str(file)})
    assert "s3cret" not in str(raised.value)


def test_only_secrets_come_from_files(file: Path) -> None:
    with pytest.raises(SettingError, match="FOOTFALL_GROUP_FILE is not a setting"):
        Settings.from_env({"FOOTFALL_GROUP_FILE": str(file)})


def test_a_local_stack_gives_way_to_an_address_in_a_file(tmp_path: Path) -> None:
    (tmp_path / ".footfall").mkdir()
    (tmp_path / ".footfall" / "stack.json").write_text("{}")
    (tmp_path / "address").write_text("clickhouse://u:s3cret@h/d\n")
    environ = {"FOOTFALL_KAFKA": "there:9", "FOOTFALL_CLICKHOUSE_FILE": str(tmp_path / "address")}
    assert settings_here(environ, tmp_path).clickhouse == "clickhouse://u:s3cret@h/d"
