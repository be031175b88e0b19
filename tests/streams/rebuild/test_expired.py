"""Profiles are not rebuilt from fewer events than they contain, unless that is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from click.testing import CliRunner

from streams.clickhouse.migrate import migrate
from streams.commands import main
from tests.streams.rebuild.conftest import N_EVENTS
from tests.streams.rebuild.shop import Shop
from tests.waiting import wait_until


def test_expired_events_are_not_passed_over_in_silence(shop: Shop) -> None:
    assert shop.query("SELECT min(min_ts_ms) FROM ledger WHERE rows > 0 AND topic != 'reviews.scored'") == shop.query(
        "SELECT toUnixTimestamp64Milli(min(ts)) FROM events"
    )
    migrate(replace(shop.settings, retention_events_days=200))
    wait_until(lambda: shop.value("SELECT count() FROM events") == 0, 20, "the events, of years ago, have expired")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in shop.settings.to_env().items():
            patch.setenv(name, value)
        refused = CliRunner().invoke(main, ["rebuild"])
    assert refused.exit_code == 1
    assert f"of up to {N_EVENTS} that the profiles contain rebuilt ones would lack what is gone" in refused.output
    assert shop.value("SELECT count() FROM profiles") > 0
    assert shop.rebuild(kept_only=True).events == 0
    assert shop.audit().ok
