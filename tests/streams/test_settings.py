"""Settings from the environment, and from the local stack where the environment says nothing."""

from dataclasses import fields
from pathlib import Path

import pytest

from deploy.local.state import State
from streams.errors import Fatal, SettingError
from streams.local_settings import settings_here
from streams.settings import Settings


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_env({"PATH": "/bin"}) == Settings()


def test_values_are_read_by_type_and_written_back() -> None:
    environ = {"FOOTFALL_PARTITIONS": "8", "FOOTFALL_FLUSH_INTERVAL_S": "0.25", "FOOTFALL_MODEL_KEY": "s3cret"}
    settings = Settings.from_env(environ)
    assert (settings.partitions, settings.flush_interval_s, settings.model_key) == (8, 0.25, "s3cret")
    assert settings.to_env() == environ


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("FOOTFALL_PARTITIONS", "four", "must be int"),
        ("FOOTFALL_PARTITIONS", "0", "at least 1"),
        ("FOOTFALL_PARTITIONS", "1025", "at most 1024"),
        ("FOOTFALL_LOG_LEVEL", "info", "one of DEBUG, INFO, WARNING, ERROR"),
        ("FOOTFALL_FRAUD_THRESHOLD", "2", "at most 1"),
        ("FOOTFALL_KAFKAS", "x", "not a setting"),
    ],
)
def test_a_wrong_value_is_told_with_its_name_and_what_it_may_be(name: str, value: str, said: str) -> None:
    with pytest.raises(SettingError) as raised:
        Settings.from_env({name: value})
    assert name in str(raised.value)
    assert said in str(raised.value)


def test_secrets_do_not_show() -> None:
    settings = Settings.from_env(
        {"FOOTFALL_KAFKA_PASSWORD": "s3cret", "FOOTFALL_CLICKHOUSE": "clickhouse://u:s3cret@h/d"}
    )
    assert "s3cret" not in repr(settings)


def test_every_setting_is_explained() -> None:
    assert all(setting.metadata["help"] for setting in fields(Settings))


def test_a_local_stack_fills_in_what_the_environment_leaves_open(tmp_path: Path) -> None:
    state = State(kafka_port=1111, controller_port=2222, clickhouse_port=3333, http_port=4444)
    (tmp_path / ".footfall").mkdir()
    state.save(tmp_path / ".footfall" / "stack.json")

    assert settings_here({}, tmp_path).kafka == "127.0.0.1:1111"
    assert settings_here({}, tmp_path).clickhouse == "clickhouse://default@127.0.0.1:3333/default"
    assert settings_here({"FOOTFALL_KAFKA": "elsewhere:9"}, tmp_path).kafka == "elsewhere:9"
    assert settings_here({}, tmp_path / "other") == Settings()


def test_a_stack_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / ".footfall").mkdir()
    (tmp_path / ".footfall" / "stack.json").write_text("{}")
    with pytest.raises(Fatal, match=r"stack\.json"):
        settings_here({}, tmp_path)
