"""Erasures beside a worker whose parts are at hand: what is left, what isn't, and who has to be waited for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner
from clickhouse_driver import Client

from models.tombstones import Tombstones
from schemas.layout import KINDS
from schemas.records import Record
from schemas.topics import BEHAVIOUR, CARTS, LABELS
from streams.audit.run import audit
from streams.clickhouse.connection import connect
from streams.clickhouse.migrate import migrate
from streams.clickhouse.reader import Reader
from streams.clickhouse.session import Session
from streams.clickhouse.writer import Writer
from streams.commands import main
from streams.errors import Retryable, SettingError
from streams.privacy.erase import Order, count, erase
from streams.privacy.tombstones import newer
from streams.rebuild.run import rebuild
from streams.settings import Secret, Settings
from streams.worker.delivery import Delivery
from tests.streams.privacy.town import CARD, DEVICE, IP, SHARED_DEVICE, T0, WHO, Sent, Town, dump, traces
from tests.streams.worker.owner import Owner, partition
from tests.streams.worker.runs import run_of

WORKER = "w1"
ENDED = Order(gone=(WORKER,))
STEP = 9
"""From one write at which an erasure is killed to the next."""


def acts() -> list[Sent]:
    town = Town()
    hers = town.acts_of_the_one()
    return [*town.acts(40), *hers, *town.acts(20)]


@dataclass
class Shop:
    """All topics have one partition that counts."""

    settings: Settings
    reader: Reader
    writer: Writer
    owner: Owner

    def work(self, *, with_her: bool = True) -> None:
        """Without her, her records' offsets are left out."""
        self.owner.take(partition(0))
        for topic in (*BEHAVIOUR, LABELS):
            of_topic = [act for act in acts() if act.topic == topic]
            records = [
                Record(at, T0 + 10**9, act.key, act.value)
                for at, act in enumerate(of_topic)
                if with_her or act.key != WHO.encode()
            ]
            if records:
                self.owner.work(run_of(topic, records))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """As text where there are floats: NaN isn't equal to itself."""
        return sorted(
            tuple(str(one) if isinstance(one, float) else one for one in row) for row in self.reader.query(sql)
        )


@contextmanager
def opened(settings: Settings, delivery: Delivery) -> Iterator[Shop]:
    reader, writer = Reader(settings), Writer(settings)
    owner = Owner(settings, reader, writer, worker=WORKER, delivery=delivery)
    try:
        yield Shop(settings, reader, writer, owner)
    finally:
        reader.close()
        writer.close()


@pytest.fixture
def shop(on_broker: Settings, delivery: Delivery) -> Iterator[Shop]:
    settings = replace(on_broker, erasure_key=Secret("a key of the tests"))
    with opened(settings, delivery) as made:
        made.work()
        yield made


@pytest.fixture
def without_her(on_broker: Settings, delivery: Delivery) -> Iterator[Shop]:
    """A shop in which she has never been; the others' records have the same offsets."""
    name = f"test_{uuid4().hex[:12]}"
    settings = replace(on_broker, clickhouse=Secret(on_broker.clickhouse.rpartition("/")[0] + f"/{name}"))
    with connect(on_broker) as client:
        client.execute(f"CREATE DATABASE {name}")
        migrate(settings)
        with opened(settings, delivery) as made:
            made.work(with_her=False)
            yield made
        client.execute(f"DROP DATABASE {name}")


def test_her_neighbours_are_as_if_she_had_never_been(shop: Shop, without_her: Shop) -> None:
    (receipt,) = erase(shop.settings, [WHO], ENDED)
    assert receipt["tables"]["events"] == 5
    assert receipt["tables"]["profiles"] == 4  # hers, and those of what she alone has paid with
    for sql in (
        "SELECT * FROM events",
        "SELECT * FROM labels",
        "SELECT * FROM dead_letters",
        f"SELECT * FROM profiles WHERE kind = {KINDS.index('user')}",
        f"SELECT kind, id FROM profiles WHERE id != '{SHARED_DEVICE}'",
    ):
        assert shop.rows(sql) == without_her.rows(sql)
    assert [traces(rows) for rows in dump(shop.reader).values()] == [[]] * len(dump(shop.reader))


def test_a_rebuild_gives_the_profiles_that_are_there_but_for_the_sums_of_many(shop: Shop) -> None:
    rebuild(shop.settings, partitions=1, dry_run=True)
    assert shop.rows(f"SELECT count() FROM profiles_rebuilding WHERE id IN ('{WHO}', '{CARD}')") == [(2,)]
    erase(shop.settings, [WHO], ENDED)
    assert shop.rows(f"SELECT count() FROM profiles_rebuilding WHERE id IN ('{WHO}', '{CARD}')") == [(0,)]
    shop.reader.query(
        f"ALTER TABLE profiles DELETE WHERE id IN ('boots', '{SHARED_DEVICE}') SETTINGS mutations_sync = 2"
    )
    found = rebuild(shop.settings, partitions=1, dry_run=True).comparison
    assert (found.only_before, found.only_after, found.ahead, found.differing) == (0, 2, 0, 0)
    assert found.before > 10


def test_what_she_sends_is_left_out_and_counted(shop: Shop) -> None:
    erase(shop.settings, [WHO], ENDED)
    tombstones = newer(shop.reader, shop.settings, Tombstones())
    shop.owner.processor.ingest.tombstones = tombstones
    shop.owner.processor.forget_erased()
    at = shop.owner.claims.logs[CARTS, 0].position + 1
    again = [act for act in acts() if act.topic == CARTS]
    records = [Record(at + n, T0 + 10**9, act.key, act.value) for n, act in enumerate(again)]
    (outcome,) = shop.owner.work(run_of(CARTS, records))
    hers = sum(act.key == WHO.encode() for act in again)
    assert (outcome.n_erased, outcome.n_rows, outcome.n_duplicates) == (hers, 0, len(again) - hers)
    assert shop.rows("SELECT sum(erased) FROM ledger FINAL WHERE topic = 'carts' AND first >= " + str(at)) == [(hers,)]
    assert not any(traces(rows) for rows in dump(shop.reader).values())


def test_an_owner_that_has_not_taken_it_up_is_waited_for(shop: Shop) -> None:
    with pytest.raises(Retryable, match=rf"{WORKER} hasn't taken up the erasure within 0.2 s.*carts 0"):
        erase(shop.settings, [WHO], Order(wait_s=0.2))
    assert shop.rows(f"SELECT count() > 0 FROM events WHERE user_id = '{WHO}'") == [(1,)]
    assert newer(shop.reader, shop.settings, Tombstones()).among("user", [WHO, "ann"]).tolist() == [True, False]
    (receipt,) = erase(shop.settings, [WHO], ENDED)
    assert receipt["tables"]["events"] == 5


def test_a_worker_without_the_key_does_not_go_on(shop: Shop) -> None:
    erase(shop.settings, [WHO], ENDED)
    for key, what in (("", "is not set"), ("another key of the tests", "isn't the key"), ("short", "is too short")):
        with pytest.raises(SettingError, match=f"FOOTFALL_ERASURE_KEY {what}"):
            newer(shop.reader, replace(shop.settings, erasure_key=Secret(key)), Tombstones())


def test_what_others_use_too_stays(shop: Shop) -> None:
    erase(shop.settings, [WHO, "neighbour-1"], ENDED)
    found = {(kind, id) for kind, id in shop.rows("SELECT kind, id FROM profiles") if kind != KINDS.index("item")}
    assert (KINDS.index("device"), SHARED_DEVICE) in found
    gone = {CARD, IP, DEVICE, WHO, "neighbour-1", "card-neighbour-1"}
    assert not gone & {id for _, id in found}


class Killed(BaseException):
    """As SIGKILL, between two statements."""


@pytest.fixture
def kill(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Any]:
    """Kills whoever writes for the nth time, after it has; until the context is left."""

    @contextmanager
    def at(nth: int) -> Iterator[None]:
        run, writes = Session.run, 0

        def killing(self: Session, what: str, operation: Callable[[Client], Any]) -> Any:
            nonlocal writes
            mutates: list[str] = []

            def watched(client: Client) -> Any:
                execute = client.execute
                client.execute = lambda sql, *rest: (mutates.append(sql), execute(sql, *rest))[1]
                try:
                    return operation(client)
                finally:
                    client.execute = execute

            found = run(self, what, watched)
            writes += what.startswith("insert") or any("ALTER" in sql for sql in mutates)
            if writes == nth:
                raise Killed
            return found

        with monkeypatch.context() as patch:
            patch.setattr(Session, "run", killing)
            yield

    return at


def test_killed_at_any_step_it_is_finished_by_the_next_run(
    shop: Shop, without_her: Shop, kill: Callable[[int], Any]
) -> None:
    (expected,) = count(shop.settings, [WHO])
    receipts: list[dict[str, Any]] = []
    deaths = 0
    while not receipts:
        with kill(1 + deaths * STEP):
            try:
                receipts = erase(shop.settings, [WHO], ENDED)
            except Killed:
                deaths += 1
    assert deaths >= 6
    assert receipts[0]["tables"] | receipts[0]["topics"] == expected
    assert not any(traces(rows) for rows in dump(shop.reader).values())
    assert shop.rows("SELECT * FROM events") == without_her.rows("SELECT * FROM events")
    assert shop.rows("SELECT count() FROM erasing") == [(0,)]
    balance = "SELECT sum(rows), sum(dead_letters), sum(records) = sum(rows + duplicates + dead_letters + erased)"
    kept = "(SELECT count() FROM events FINAL WHERE topic = 'carts')"
    assert shop.rows(f"{balance} FROM ledger FINAL WHERE topic = 'carts' AND rows > 0") == [
        (*shop.rows(f"SELECT {kept}")[0], 0, 1)
    ]
    audited = [one for one in asyncio.run(audit(shop.settings)).partitions if one.rows]
    assert [one.missing + one.double for one in audited] == [0, 0, 0]


def test_the_command_prints_a_receipt_that_can_be_checked(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("streams.transport.logs.configure_logging", lambda level: None)
    for name, value in shop.settings.to_env().items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str, given: str = "") -> Any:
        return CliRunner().invoke(main, ["erase", *arguments], input=given)

    looked = run(WHO, "--dry-run", "--json")
    assert json.loads(looked.output)["events"] == 5
    assert shop.rows("SELECT count() FROM erasures") == [(0,)]
    done = run("-", "--gone", WORKER, "--by", "ops", "--reason", "she asked", given=f"{WHO}\nneighbour-2\n")
    assert done.exit_code == 0, done.output
    first, second = map(json.loads, done.output.splitlines())
    assert (first["by"], first["reason"], first["tables"]["events"]) == ("ops", "she asked", 5)
    assert second["tables"]["events"] > 0
    assert WHO not in done.output
    Path("receipt.json").write_text(json.dumps(first))
    assert run("verify", "receipt.json", "--user", WHO).exit_code == 0
    assert run("verify", "receipt.json", "--user", "neighbour-2").exit_code == 2
    Path("receipt.json").write_text(json.dumps(first | {"by": "nobody"}))
    assert run("verify", "receipt.json").exit_code == 2
    assert run("-", given="\n").exit_code == 2
