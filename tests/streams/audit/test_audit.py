"""Each fault that an audit is for is planted once, and found."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO

import pytest
from click.testing import CliRunner
from rich.console import Console

from schemas.topics import CLICKS, INPUTS, LABELS, REVIEW_TEXTS, REVIEWS
from streams.audit.findings import PartitionAudit
from streams.audit.show import show
from streams.commands import main
from tests.streams.audit.shop import N_RUNS, RUN, Shop

END = N_RUNS * RUN


def only_problem(shop: Shop) -> tuple[PartitionAudit, str]:
    found = shop.audit()
    assert not found.ok
    (problem,) = found.problems
    (bad,) = (one for one in found.partitions if one.problems)
    where, _, what = problem.partition(": ")
    assert where == f"{bad.topic}, partition {bad.partition}"
    return bad, what


def test_what_was_done_once_is_fine(shop: Shop) -> None:
    found = shop.audit()
    assert found.problems == []
    assert len(found.partitions) == 2 * len(INPUTS)
    clicks = next(one for one in found.partitions if (one.topic, one.partition) == (CLICKS, 0))
    assert (clicks.log_start, clicks.log_end, clicks.committed) == (0, END + 30, END)
    assert (clicks.first, clicks.last, clicks.lag) == (0, END - 1, 30)
    assert clicks.records == clicks.rows == clicks.table_rows == END
    figures = found.to_dict()
    assert (figures["ok"], figures["events_rows"], figures["labels_rows"]) == (True, END, END)
    assert not any(figures[fault] for fault in ("missing", "double", "gaps", "overlaps", "unbalanced"))


def test_nothing_done_yet_is_fine(shop: Shop) -> None:
    settings = replace(shop.settings, group="nobody")
    for table in ("events", "labels", "ledger"):
        shop.change(f"TRUNCATE TABLE {table}")
    found = Shop(settings).audit()
    assert found.ok
    assert found.to_dict()["records"] == 0


def test_what_the_text_workers_did_is_a_log_of_its_own(shop: Shop) -> None:
    """Of the topic ``reviews``, by the offsets of their own group; the scoring workers have read none of it."""
    shop.produce(REVIEWS, 2 * RUN)
    assert not any(one.topic == REVIEW_TEXTS for one in shop.audit().partitions), "no text worker ever ran"
    shop.work(REVIEW_TEXTS, 0)
    shop.commit(REVIEW_TEXTS, RUN)
    found = shop.audit()
    assert found.problems == []
    texts, reviews = (
        next(one for one in found.partitions if (one.topic, one.partition) == (log, 0))
        for log in (REVIEW_TEXTS, REVIEWS)
    )
    assert (texts.log_end, texts.committed, texts.lag, texts.table_rows) == (2 * RUN, RUN, RUN, RUN)
    assert (reviews.committed, reviews.lag) == (None, 2 * RUN)
    assert found.to_dict()["review_scores_rows"] == RUN

    shop.commit(REVIEW_TEXTS, 2 * RUN)
    _, what = only_problem(shop)
    assert what == f"committed up to {2 * RUN}, but the ledger ends before {RUN}"


def test_a_text_workers_row_that_is_missing(shop: Shop) -> None:
    shop.produce(REVIEWS, RUN)
    shop.work(REVIEW_TEXTS, 0)
    shop.change("DELETE FROM review_scores WHERE offset = 7")
    bad, what = only_problem(shop)
    assert (bad.topic, bad.missing, what) == (REVIEW_TEXTS, 1, "1 rows missing from review_scores")


def test_records_that_were_passed_over_are_accounted_for(shop: Shop) -> None:
    shop.produce(REVIEWS, RUN)
    shop.write_rows(REVIEW_TEXTS, range(10, RUN))
    shop.write_ledger(REVIEW_TEXTS, 0, RUN - 1, rows=RUN - 10, passed=9)
    _, what = only_problem(shop)
    assert what == f"the run of offsets 0 to {RUN - 1} doesn't account for the records that it holds"
    shop.change(f"DELETE FROM ledger WHERE topic = '{REVIEW_TEXTS}'")
    shop.write_ledger(REVIEW_TEXTS, 0, RUN - 1, rows=RUN - 10, passed=10)
    assert shop.audit().ok


def test_rows_of_a_run_under_way_are_not_judged(shop: Shop) -> None:
    shop.write_rows(CLICKS, range(END, END + 30))
    assert shop.audit().ok


@pytest.mark.parametrize(("topic", "table"), [(CLICKS, "events"), (LABELS, "labels")])
def test_a_missing_row(shop: Shop, topic: str, table: str) -> None:
    shop.change(f"DELETE FROM {table} WHERE offset IN (7, 250)")
    bad, problem = only_problem(shop)
    assert (bad.topic, bad.missing, bad.double) == (topic, 2, 0)
    assert problem == f"2 rows missing from {table}"


def test_an_event_twice(shop: Shop) -> None:
    shop.write_rows(CLICKS, [7], shift_ms=5)
    bad, problem = only_problem(shop)
    assert (bad.missing, bad.double, bad.table_rows) == (0, 1, END + 1)
    assert problem == "1 rows too many in events"


def test_one_missing_and_another_twice(shop: Shop) -> None:
    shop.change("DELETE FROM events WHERE offset = 8")
    shop.write_rows(CLICKS, [7], shift_ms=5)
    found = shop.audit()
    assert (found.to_dict()["missing"], found.to_dict()["double"]) == (1, 1)


def test_a_row_written_again_is_no_double(shop: Shop) -> None:
    shop.write_rows(CLICKS, range(100))
    assert shop.audit().ok


def test_an_event_sent_again_long_after_is_not_missing(shop: Shop) -> None:
    """Beyond the window of duplicates a repeat gets a row of its own, which replaces the first one."""
    shop.change(
        "INSERT INTO events (topic, partition, offset, event_id, user_id, ts, written_ms)"
        " SELECT topic, partition, 307, event_id, user_id, ts, 2 FROM events WHERE offset = 7 AND topic = 'clicks'"
    )
    shop.change("DELETE FROM events WHERE topic = 'clicks' AND event_id = 'clicks-0-307'")
    shop.change(
        "INSERT INTO ledger (topic, partition, first, last, epoch, records, rows, identities, written_ms)"
        " SELECT topic, partition, first, last, epoch, records, rows,"
        " concat(substring(identities, 1, 56), char(8, 0, 0, 0, 0, 0, 0, 0), substring(identities, 65)), 5"
        " FROM ledger WHERE topic = 'clicks' AND first = 300"
    )
    (clicks,) = (one for one in shop.audit().partitions if (one.topic, one.partition) == (CLICKS, 0))
    assert (clicks.repeats, clicks.missing, clicks.problems) == (1, 0, [])


def test_a_gap(shop: Shop) -> None:
    shop.change("DELETE FROM ledger WHERE topic = 'clicks' AND first = 200")
    bad, problem = only_problem(shop)
    assert bad.gaps == [(200, 299)]
    assert (bad.missing, bad.double) == (0, 0)
    assert problem == "the ledger has nothing of offsets 200 to 299, where there are records"


def test_a_ledger_that_begins_too_late(shop: Shop) -> None:
    shop.change("DELETE FROM ledger WHERE topic = 'clicks' AND first = 0")
    bad, _ = only_problem(shop)
    assert bad.gaps == [(0, 99)]


def test_an_overlap(shop: Shop) -> None:
    shop.change("DELETE FROM ledger WHERE topic = 'clicks' AND first = 200")
    shop.write_ledger(CLICKS, 195, 299, epoch=1)
    found = shop.audit()
    bad = next(one for one in found.partitions if one.problems)
    assert bad.overlaps == [(195, 199)]
    assert f"{CLICKS}, partition 0: the ledger has offsets 195 to 199 twice" in found.problems


@pytest.mark.parametrize("counts", [{"rows": 99}, {"duplicates": 1}, {"records": 101, "dead_letters": 1}])
def test_counts_that_dont_add_up(shop: Shop, counts: dict[str, int]) -> None:
    shop.write_ledger(CLICKS, END, END + RUN - 1, **counts)
    shop.produce(CLICKS, 70)
    shop.write_rows(CLICKS, range(END, END + counts.get("rows", RUN)))
    shop.write_dead_letters(CLICKS, [END + 5][: counts.get("dead_letters", 0)])
    bad, problem = only_problem(shop)
    assert bad.unbalanced == [(END, END + RUN - 1)]
    assert problem == f"the run of offsets {END} to {END + RUN - 1} doesn't account for the records that it holds"


def test_a_run_with_fewer_records_than_the_broker_has(shop: Shop) -> None:
    shop.produce(CLICKS, 70)
    shop.write_ledger(CLICKS, END, END + RUN - 1, records=99, rows=99)
    shop.write_rows(CLICKS, range(END, END + 99))
    bad, _ = only_problem(shop)
    assert bad.unbalanced == [(END, END + RUN - 1)]


def test_dead_letters_are_counted(shop: Shop) -> None:
    shop.produce(CLICKS, 70)
    shop.write_ledger(CLICKS, END, END + RUN - 1, rows=97, dead_letters=3)
    shop.write_rows(CLICKS, range(END, END + 97))
    shop.write_dead_letters(CLICKS, [END + 97, END + 98])
    bad, problem = only_problem(shop)
    assert (bad.dead_letters, bad.dead_letter_rows) == (3, 2)
    assert problem == "2 rows in dead_letters, where the ledger has 3"
    shop.write_dead_letters(CLICKS, [END + 99])
    assert shop.audit().ok


def test_what_a_zombie_wrote_is_ignored(shop: Shop) -> None:
    shop.produce(CLICKS, 170)
    shop.work(CLICKS, END, epoch=2)
    shop.work(CLICKS, END, epoch=1)
    shop.write_ledger(CLICKS, END + RUN, END + RUN + 49, epoch=1)
    shop.work(CLICKS, END + RUN, epoch=2)
    found = shop.audit()
    assert found.problems == []
    assert found.to_dict()["superseded"] == 2


def test_work_acknowledged_that_is_not_in_the_ledger(shop: Shop) -> None:
    shop.commit(CLICKS, END + 10)
    bad, problem = only_problem(shop)
    assert bad.committed == END + 10
    assert problem == f"committed up to {END + 10}, but the ledger ends before {END}"


def test_a_commit_without_any_ledger_row(shop: Shop) -> None:
    shop.produce("carts", 5)
    shop.commit("carts", 5)
    _, problem = only_problem(shop)
    assert problem == "committed up to 5, but the ledger ends before 0"


def test_a_topic_made_anew(shop: Shop) -> None:
    shop.work("carts", 0)
    _, problem = only_problem(shop)
    assert problem == "the ledger ends with 99, beyond the log's end 0: was the topic made anew?"


def test_the_command(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in shop.settings.to_env().items():
        monkeypatch.setenv(name, value)
    good = CliRunner().invoke(main, ["audit"])
    assert good.exit_code == 0, good.output
    assert "Every record up to the ledger's end was written once." in good.output
    shop.change("DELETE FROM events WHERE offset = 7")
    bad = CliRunner().invoke(main, ["audit", "--json"])
    assert bad.exit_code == 1
    assert json.loads(bad.stdout)["missing"] == 1


def test_people_see_a_line_a_partition(shop: Shop) -> None:
    shop.change("DELETE FROM events WHERE offset = 7")
    out = StringIO()
    show(shop.audit(), Console(file=out, width=160))
    lines = out.getvalue().splitlines()
    assert lines[0].split()[:4] == ["topic", "partition", "log", "committed"]
    assert lines[-1] == "clicks, partition 0: 1 rows missing from events"
