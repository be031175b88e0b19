"""A worker follows snapshots and decisions, and stays with what it has where it may not."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from models.catalogue import CHURN, FRAUD, ModelSpec
from models.features.sets import FeatureSet
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.errors import SnapshotUnusable
from streams.leader.learning import Learning
from streams.model_control import ModelControl
from streams.settings import Secret, Settings
from streams.snapshot_store import SnapshotStore
from streams.worker.costs import Costs
from streams.worker.scorers import PolledScorers
from tests.streams.learner.planted import DAY_MS, Planted
from tests.streams.worker.models_at_hand import KEY, N_EXAMPLES, learnt

BY = {"who": "a test", "why": ""}

Publish = Callable[..., str]


@pytest.fixture
def keyed(settings: Settings) -> Settings:
    return replace(settings, model_key=Secret(KEY), max_ahead_s=0.0, warm_up_examples=N_EXAMPLES)


@pytest.fixture
def store(keyed: Settings, reader: Reader, writer: Writer) -> SnapshotStore:
    return SnapshotStore(keyed, reader, writer)


@pytest.fixture
def publish(store: SnapshotStore) -> Publish:
    """Publishes the next snapshot of a model, and returns its version."""

    def published(spec: ModelSpec, *, n: int = N_EXAMPLES) -> str:
        parent = store.latest_whole(spec)
        return store.publish(learnt(spec, store.load(spec, parent) if parent else None, n=n)).version

    return published


@pytest.fixture
def polled(keyed: Settings) -> Iterator[PolledScorers]:
    polled = PolledScorers(keyed, stop=threading.Event())
    yield polled
    polled.close()


@pytest.fixture
def learning(keyed: Settings) -> Iterator[Learning]:
    learning = Learning(keyed, clock_ms=lambda: 1, stop=threading.Event(), costs=Costs())
    yield learning
    learning.close()


@pytest.fixture
def planted(writer: Writer, reader: Reader) -> Planted:
    return Planted(writer, reader)


@pytest.fixture
def control(keyed: Settings) -> Iterator[ModelControl]:
    control = ModelControl(keyed)
    yield control
    control.close()


def versions(polled: PolledScorers) -> dict[str, str]:
    return {name: scorer.version for name, scorer in polled.poll().items()}


def test_it_follows_the_latest_snapshot(polled: PolledScorers, publish: Publish) -> None:
    assert versions(polled) == {"fraud": "", "churn": "", "churn-long": ""}
    first = publish(CHURN)
    assert versions(polled) == {"fraud": "", "churn": first, "churn-long": ""}
    held = polled.poll()
    assert all(scorer is held[name] for name, scorer in polled.poll().items())
    second = publish(CHURN)
    assert versions(polled) == {"fraud": "", "churn": second, "churn-long": ""}


def test_it_stays_at_a_pinned_version_until_that_is_taken_away(
    polled: PolledScorers, publish: Publish, control: ModelControl
) -> None:
    first, second = publish(FRAUD), publish(FRAUD)
    assert versions(polled)["fraud"] == second
    control.pin("fraud", first, **BY)
    assert versions(polled)["fraud"] == first
    third = publish(FRAUD)
    assert versions(polled)["fraud"] == first
    control.unpin("fraud", **BY)
    assert versions(polled)["fraud"] == third


def test_the_learner_goes_on_while_a_version_is_pinned(
    polled: PolledScorers,
    publish: Publish,
    control: ModelControl,
    planted: Planted,
    store: SnapshotStore,
    learning: Learning,
) -> None:
    first = publish(FRAUD)
    control.pin("fraud", first, **BY)
    planted.predictions(("ann", "e", 0), kind="fraud")
    planted.label("fraud_label", "ann", "e", "fraud", DAY_MS)
    learning.run()
    assert versions(polled)["fraud"] == first
    assert store.version("fraud").startswith("fraud-00000002-")


def test_challengers_come_and_go_as_decided(
    polled: PolledScorers, publish: Publish, control: ModelControl, fast: ModelSpec
) -> None:
    champion, challenger = publish(FRAUD), publish(fast)
    assert list(versions(polled)) == ["fraud", "churn", "churn-long"]
    control.challenge(fast.name, **BY)
    assert versions(polled) == {"fraud": champion, fast.name: challenger, "churn": "", "churn-long": ""}
    control.promote(fast.name, **BY)
    assert list(versions(polled)) == [fast.name, "fraud", "churn", "churn-long"]
    control.rollback("fraud", **BY)
    assert list(versions(polled)) == ["fraud", fast.name, "churn", "churn-long"]
    control.retire(fast.name, **BY)
    assert list(versions(polled)) == ["fraud", "churn", "churn-long"]


def test_who_leads_learns_the_models_that_take_part(
    learning: Learning, control: ModelControl, planted: Planted, store: SnapshotStore, fast: ModelSpec
) -> None:
    planted.predictions(("ann", "e", 0), kind="fraud")
    planted.label("fraud_label", "ann", "e", "fraud", DAY_MS)
    learning.run()
    assert store.versions().keys() == {"fraud"}
    control.challenge(fast.name, **BY)
    learning.run()
    assert store.versions().keys() == {"fraud", fast.name}
    control.retire(fast.name, **BY)
    before = store.versions()
    planted.predictions(("ann", "f", 0), kind="fraud")
    planted.label("fraud_label", "ann", "f", "ok", DAY_MS)
    learning.run()
    assert store.versions()["fraud"] != before["fraud"]
    assert store.versions()[fast.name] == before[fast.name]


def _unsigned(store: SnapshotStore, reader: Reader, patch: pytest.MonkeyPatch) -> None:
    reader.query("ALTER TABLE models UPDATE hmac = '' WHERE version LIKE '%-00000002-%' SETTINGS mutations_sync = 1")


def _of_another_river(store: SnapshotStore, reader: Reader, patch: pytest.MonkeyPatch) -> None:
    parent = store.latest_whole(FRAUD)
    assert parent is not None
    store.publish(replace(learnt(FRAUD, store.load(FRAUD, parent)), river_version="0.1.0"))


def _for_other_features(store: SnapshotStore, reader: Reader, patch: pytest.MonkeyPatch) -> None:
    parent = store.latest_whole(FRAUD)
    assert parent is not None
    other = FeatureSet(("one", "two"))
    made = learnt(FRAUD, store.load(FRAUD, parent))
    store.publish(replace(made, feature_set=other.fingerprint, features=other.names))


def _by_another_key(store: SnapshotStore, reader: Reader, patch: pytest.MonkeyPatch) -> None:
    parent = store.latest_whole(FRAUD)
    assert parent is not None
    loaded = store.load(FRAUD, parent)
    patch.setattr(store, "_key", "another key")
    store.publish(learnt(FRAUD, loaded))


def _cleared(store: SnapshotStore, reader: Reader, patch: pytest.MonkeyPatch) -> None:
    reader.query("ALTER TABLE models UPDATE flat = '' WHERE version LIKE '%-00000002-%' SETTINGS mutations_sync = 1")


REFUSED = {
    "isn't signed": _unsigned,
    "made by River 0.1.0; this is River": _of_another_river,
    "is for features": _for_other_features,
    "signed with another key, or altered": _by_another_key,
    "was cleared": _cleared,
}


@pytest.mark.parametrize("reason", REFUSED)
@pytest.mark.parametrize("leading", [False, True])
def test_what_may_not_be_used_is_said_once_and_the_rest_goes_on(
    polled: PolledScorers,
    publish: Publish,
    store: SnapshotStore,
    reader: Reader,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    learning: Learning,
    reason: str,
    leading: bool,
) -> None:
    held, _ = publish(FRAUD), publish(CHURN)
    before = polled.poll()["fraud"]
    if reason in ("isn't signed", "was cleared"):
        publish(FRAUD)
    REFUSED[reason](store, reader, monkeypatch)
    churn = publish(CHURN) if reason != "signed with another key, or altered" else None
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            if leading:
                learning.run()
            scorers = polled.poll()
            assert scorers["fraud"] is before
    assert before.version == held
    if churn:
        assert scorers["churn"].version == churn
    told = [record.getMessage() for record in caplog.records if "fraud goes on with" in record.getMessage()]
    assert len(told) == 1
    assert reason in told[0]
    assert told[0].endswith(f"fraud goes on with {held}")
    assert "\n" not in told[0]


def test_at_the_start_there_is_nothing_to_go_on_with(
    polled: PolledScorers, publish: Publish, store: SnapshotStore, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(FRAUD)
    _by_another_key(store, reader, monkeypatch)
    with pytest.raises(SnapshotUnusable, match="signed with another key, or altered since"):
        polled.poll()


def test_a_challenger_that_may_not_be_used_stops_nothing(
    polled: PolledScorers, publish: Publish, control: ModelControl, reader: Reader, fast: ModelSpec
) -> None:
    champion, _ = publish(FRAUD), publish(fast)
    control.challenge(fast.name, **BY)
    reader.query("ALTER TABLE models UPDATE hmac = '' WHERE name = 'fraud-fast' SETTINGS mutations_sync = 1")
    assert versions(polled) == {"fraud": champion, fast.name: "", "churn": "", "churn-long": ""}


def test_a_champion_that_can_not_score_yet_does_not_take_over(
    polled: PolledScorers, publish: Publish, control: ModelControl, reader: Reader, fast: ModelSpec
) -> None:
    """As where its snapshots were removed since."""
    champion, _ = publish(FRAUD), publish(fast)
    assert versions(polled)["fraud"] == champion
    control.promote(fast.name, **BY)
    reader.query("ALTER TABLE models DELETE WHERE name = 'fraud-fast' SETTINGS mutations_sync = 1")
    assert list(versions(polled)) == ["fraud", fast.name, "churn", "churn-long"]
    promoted = publish(fast, n=N_EXAMPLES + 1)
    assert versions(polled) == {fast.name: promoted, "fraud": champion, "churn": "", "churn-long": ""}
