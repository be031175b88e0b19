"""What one flush writes, column by column."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.catalogue import MODELS
from models.duplicates import identities
from models.features.sets import from_bytes
from models.scoring import NOT_SCORED, SCORED, WARMING_UP
from schemas.layout import KINDS
from schemas.tables import TABLES
from schemas.texts import Texts
from schemas.topics import CARTS, CLICKS, LABELS, REVIEWS, REVIEWS_SCORED
from streams.worker.cut import Columns, Cut
from tests.streams.worker.models_at_hand import WARM
from tests.streams.worker.owner import Owner
from tests.streams.worker.runs import NOW_MS, record, run_from, run_of

Alone = Callable[..., Owner]


def identity(number: int, user: str = "ann") -> int:
    return int(identities(Texts.of([user]), Texts.of([f"event {number}"]))[0])


def lengths(columns: Columns) -> set[int]:
    return {len(values) for values in columns.values()}


def test_nothing_gives_empty_columns(alone: Alone) -> None:
    cut = alone().cut()
    assert cut.n_rows == 0
    assert cut.events() == []
    for columns in (
        cut.labels(),
        cut.dead_letters(),
        cut.predictions(),
        cut.profiles(),
        cut.alerts(),
        cut.ledger("w1"),
        cut.starts_in_ledger("w1"),
    ):
        assert not any(len(values) for values in columns.values())


def test_each_topic_has_a_block_of_events(alone: Alone) -> None:
    owner = alone()
    owner.process(
        run_from(REVIEWS, 0, 0), run_from(CARTS, 0, 2), run_from(CLICKS, 0, 3), run_from(CARTS, 3, 4, user_id="bob")
    )
    clicks, carts, reviews = owner.cut().events()
    for topic, columns, n in ((CLICKS, clicks, 4), (CARTS, carts, 5), (REVIEWS, reviews, 1)):
        assert columns["topic"].tolist() == [topic] * n
        assert lengths(columns) == {n}
        assert columns.keys() <= TABLES["events"].keys()
        assert columns["offset"].tolist() == list(range(n))
        assert columns["event_id"].tolist() == [f"event {offset}" for offset in range(n)]
        assert columns["ts"].tolist() == [NOW_MS] * n
        assert columns["written_ms"].tolist() == [NOW_MS] * n
        assert columns["partition"].tolist() == [0] * n
    assert carts["user_id"].tolist() == ["ann"] * 3 + ["bob"] * 2
    assert carts["amount"].tolist() == [30.0] * 5
    assert reviews["text"].tolist() == ["As it should be."]


def test_text_that_no_event_of_a_block_has_is_left_out(alone: Alone) -> None:
    owner = alone()
    owner.process(
        run_of(CLICKS, [record(CLICKS, 0), record(CLICKS, 1, device="phone")]),
        run_of(CLICKS, [record(CLICKS, 2)]),
        run_of(CARTS, [record(CARTS, 0, card="visa")]),
    )
    clicks, carts = owner.cut().events()
    assert clicks["device"].tolist() == ["", "phone", ""]
    assert clicks["item"].tolist() == ["boots"] * 3
    assert not clicks.keys() & {"card", "query", "text", "order_id", "target", "verdict"}
    assert carts["card"].tolist() == ["visa"]
    assert "device" not in carts
    assert {"price", "quantity", "amount", "rating"} <= clicks.keys() & carts.keys()


def test_scores_stand_beside_their_events(alone: Alone) -> None:
    owner = alone()
    owner.process(
        run_of(CARTS, [record(CARTS, 0, type="purchase"), record(CARTS, 1, type="checkout")]),
        run_of(CARTS, [record(CARTS, 2, type="purchase")]),
    )
    (carts,) = owner.cut().events()
    assert carts["fraud_state"].tolist() == [WARMING_UP, NOT_SCORED, WARMING_UP]
    assert carts["churn_state"].tolist() == [WARMING_UP] * 3
    assert np.isnan(carts["fraud_score"]).all()
    assert carts["fraud_version"].tolist() == carts["churn_version"].tolist() == [""] * 3


def test_scored_reviews_have_columns_of_their_own_and_enter_profiles_alone(alone: Alone) -> None:
    owner = alone()
    owner.process(run_from(REVIEWS_SCORED, 0, 1), run_from(REVIEWS_SCORED, 2, 2, user_id="bob", sentiment=-1))
    cut = owner.cut()
    scored = cut.scored_reviews()
    assert scored.keys() == TABLES["scored_reviews"].keys()
    assert scored["user_id"].tolist() == ["ann", "ann", "bob"]
    assert scored["item"].tolist() == ["boots"] * 3
    assert scored["sentiment"].tolist() == [0.5, 0.5, -1.0]
    assert not cut.events()
    assert not cut.predictions()
    profiles = cut.profiles()
    assert sorted(profiles["id"]) == ["ann", "bob", "boots"]
    found = dict(zip(profiles["id"], profiles["total_sentiment"].tolist(), strict=True))
    assert found == {"ann": 1.0, "bob": -1.0, "boots": 0.0}
    assert set(profiles["total_events"].tolist()) == {0.0}
    assert cut.ledger("w1")["rows"].sum() == 3


def test_a_scored_review_counts_once_with_its_review_in_any_order(alone: Alone) -> None:
    orders = [(REVIEWS, REVIEWS_SCORED), (REVIEWS_SCORED, REVIEWS)]
    found = []
    for topics in orders:
        owner = alone()
        owner.process(*(run_from(topic, 0, 0) for topic in topics))
        columns = owner.cut().profiles()
        found.append({name: values[columns["id"].index("ann")] for name, values in columns.items()})
    assert found[0] == found[1]
    assert (found[0]["total_events"], found[0]["total_scored_reviews"], found[0]["reviews_1d"]) == (1, 1, 1)


def test_labels_have_columns_of_their_own(alone: Alone) -> None:
    owner = alone()
    owner.process(run_from(LABELS, 0, 1), run_from(CLICKS, 0, 0), run_from(LABELS, 2, 2, verdict="ok"))
    cut = owner.cut()
    labels = cut.labels()
    assert labels.keys() == TABLES["labels"].keys()
    assert labels["target"].tolist() == ["event 1"] * 3
    assert labels["verdict"].tolist() == ["fraud", "fraud", "ok"]
    assert labels["type_code"].tolist() == [20] * 3
    assert [block["topic"].tolist() for block in cut.events()] == [[CLICKS]]


def test_predictions_keep_their_features(alone: Alone) -> None:
    owner = alone(churn_horizon_days=2.0, churn_long_horizon_days=9.0)
    owner.process(run_from(CARTS, 0, 2), run_from(CLICKS, 0, 0, user_id="bob"))
    predictions = owner.cut().predictions()
    assert predictions.keys() == TABLES["predictions"].keys()
    assert lengths(predictions) == {7}
    assert predictions["model"] == ["fraud"] * 3 + ["churn", "churn-long"] * 2
    assert predictions["kind"] == ["fraud"] * 3 + ["churn", "churn_long"] * 2
    assert predictions["user_id"] == ["ann"] * 5 + ["bob"] * 2
    assert predictions["topic"] == [CARTS] * 5 + [CLICKS] * 2
    assert predictions["offset"].tolist() == [0, 1, 2, 0, 0, 0, 0]
    horizons_d = (predictions["due_ms"] - predictions["ts_ms"]) / 86_400_000
    assert horizons_d.tolist()[3:] == [2.0, 9.0] * 2
    for at, model in enumerate(predictions["model"]):
        features = MODELS[model].features
        assert predictions["feature_set"][at] == features.fingerprint
        assert from_bytes([predictions["features_f32"][at]], features).shape == (1, len(features.names))


def test_profiles_are_rows_of_all_kinds(alone: Alone) -> None:
    owner = alone(duplicate_window=10)
    owner.begin(1, epoch=5)
    owner.process(
        run_from(CARTS, 0, 2, card="visa", item="boots"), run_from(CARTS, 0, 0, partition=1, user_id="bob", item="hat")
    )
    profiles = owner.cut().profiles()
    assert profiles.keys() == {name for name in TABLES["profiles"] if name in profiles} >= {"kind", "id", "version"}
    rows = zip(profiles["partition"].tolist(), profiles["kind"].tolist(), profiles["id"], strict=True)
    assert set(rows) == {
        (0, KINDS.index("user"), "ann"),
        (0, KINDS.index("item"), "boots"),
        (0, KINDS.index("card"), "visa"),
        (1, KINDS.index("user"), "bob"),
        (1, KINDS.index("item"), "hat"),
    }
    versions = dict(zip(profiles["id"], profiles["version"].tolist(), strict=True))
    assert versions["ann"] == (1 << 32) | 3
    assert versions["bob"] == (5 << 32) | 1
    assert owner.cut().profiles() == {}


def test_a_changed_shopper_is_scored_as_of_the_latest_event_of_the_partition(alone: Alone) -> None:
    owner = alone()
    owner.follow(WARM)
    owner.process(run_from(CARTS, 0, 2), run_from(CLICKS, 0, 0, user_id="bob", ts=NOW_MS + 5))
    scores = owner.cut().shopper_scores()
    assert scores.keys() == TABLES["shopper_scores"].keys()
    assert lengths(scores) == {2}
    rows = zip(*(list(scores[name]) for name in ("user_id", "as_of_ms", "last_ms", "churn_state")), strict=True)
    assert sorted(rows) == [("ann", NOW_MS + 5, NOW_MS, SCORED), ("bob", NOW_MS + 5, NOW_MS + 5, SCORED)]
    assert scores["churn_version"].tolist() == [WARM["churn"].version] * 2
    assert scores["churn_long_version"].tolist() == [WARM["churn-long"].version] * 2
    assert np.isfinite(scores["churn_long_score"]).all()
    owner.process(run_from(CLICKS, 1, 1, ts=NOW_MS - 1))
    assert owner.cut().shopper_scores()["as_of_ms"].tolist() == [NOW_MS + 5], "late events don't turn time back"


def test_shoppers_have_no_scores_while_the_model_warms_up(alone: Alone) -> None:
    owner = alone()
    owner.process(run_from(CARTS, 0, 2))
    assert owner.cut().shopper_scores() == {}


def test_a_ledger_row_accounts_for_each_offset_of_its_run(alone: Alone) -> None:
    """At 3, 4 and 6 there is no record; 7 is a duplicate."""
    owner = alone()
    owner.process(
        run_of(CLICKS, [record(CLICKS, 1), record(CLICKS, 2, ts=NOW_MS + 5)]),
        run_of(CLICKS, [record(CLICKS, 5, 50), record(CLICKS, 7, 1), record(CLICKS, 8, 80)]),
    )
    ledger = owner.cut().ledger("w1")
    assert ledger.keys() == TABLES["ledger"].keys() - {"passed"}, "all records are for the scoring workers"
    columns = ("topic", "first", "last", "records", "rows", "duplicates", "dead_letters", "max_ts_ms", "worker")
    assert list(zip(*(list(ledger[name]) for name in columns), strict=True)) == [
        (CLICKS, 1, 2, 2, 2, 0, 0, NOW_MS + 5, "w1"),
        (CLICKS, 5, 8, 3, 2, 1, 0, NOW_MS, "w1"),
    ]
    found = [np.frombuffer(row, "<u8").tolist() for row in ledger["identities"]]
    assert found == [[identity(1), identity(2)], [identity(50), 0, 0, identity(80)]]


def test_a_run_that_was_done_before_has_no_ledger_row(alone: Alone) -> None:
    owner = alone()
    owner.process(run_from(CLICKS, 0, 4), run_from(CLICKS, 0, 4))
    cut = owner.cut()
    assert cut.ledger("w1")["first"] == [0]
    assert cut.n_rows == 5
    assert len(cut.outcomes) == 2, "both are acknowledged"


def test_a_start_stands_before_the_first_record_of_its_epoch(alone: Alone) -> None:
    owner = alone(epoch=7)
    owner.claims.logs[CARTS, 0].start = 40
    owner.process(run_from(CARTS, 40, 41))
    starts = owner.cut().starts_in_ledger("w1")
    rows = list(zip(starts["topic"], starts["first"].tolist(), starts["last"].tolist(), strict=True))
    assert rows == [(CLICKS, 0, -1), (CARTS, 40, 39), (REVIEWS, 0, -1), (REVIEWS_SCORED, 0, -1)]
    assert starts["epoch"].tolist() == [7] * 4
    assert starts["written_ms"].tolist() == [NOW_MS - 1] * 4, "the run's own row replaces it"
    owner.process(run_from(CARTS, 42, 43))
    assert not owner.cut().starts


def cut_of(alone: Alone, *offsets: tuple[str, int, int], epoch: int = 1) -> Cut:
    owner = alone(epoch=epoch)
    owner.process(*(run_from(topic, first, last) for topic, first, last in offsets))
    return owner.cut()


def test_the_token_is_that_of_the_runs_and_their_owners(alone: Alone) -> None:
    same = [cut_of(alone, (CLICKS, 0, 4), (CARTS, 2, 3)).token for _ in range(2)]
    assert same[0] == same[1]
    others = [
        cut_of(alone, (CLICKS, 0, 4), (CARTS, 2, 3), epoch=2),
        cut_of(alone, (CLICKS, 0, 4)),
        cut_of(alone, (CLICKS, 0, 5), (CARTS, 2, 3)),
        cut_of(alone, (CLICKS, 1, 4), (CARTS, 2, 3)),
        cut_of(alone, (CLICKS, 0, 4), (REVIEWS, 2, 3)),
    ]
    assert len({same[0], *(cut.token for cut in others)}) == 6
