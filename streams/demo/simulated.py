"""A simulated shop with its truth: live segments, rings of fraudsters found, alerts in their budget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from streams.clickhouse.reader import Reader
from streams.demo.caught import ACTIVE_DAYS, Caught, ChurnKnown, RingsFound, Week, caught, churn_known
from streams.demo.scenario import Scenario
from streams.demo.similar import SimilarReview, similar, similar_table
from streams.replay.chunk import Chunk
from streams.segments.files import segments_of
from streams.segments.judged import Judged, judged
from streams.settings import Settings
from streams.simulate.arrived import differences
from streams.simulate.known import Known
from streams.simulate.shop import Shop
from streams.simulate.simulation import Simulation
from streams.simulate.truth import Sent, Truth

_SHOP = Shop(seed=2, shoppers=3_000, fraud=0.08)
_TOTAL, _FAST = 446_000, 312_000
_SLOW_DAYS = 28.0
"""From the twelfth of March to the ninth of April."""
_ALERTS_PER_DAY = {"fraud": 6.0, "churn": 10.0}

_SEGMENTS = """
SELECT segment, countIf(change = 'enter'), countIf(change = 'leave')
FROM segment_changes FINAL GROUP BY segment
"""
_STRONGEST = """
SELECT segment, user_id, reason FROM segment_changes FINAL WHERE change = 'enter' AND segment != 'new_shoppers'
ORDER BY at_ms DESC, score DESC LIMIT 1 BY segment
"""
_MEMBERS = "SELECT segment, count() FROM segment_members FINAL WHERE inside GROUP BY segment"


class _Entered(NamedTuple):
    segment: str
    user_id: str
    reason: str


class _Segment(NamedTuple):
    title: str
    members: int
    entered: int
    left: int
    judged: Judged | None
    """None where a simulation has no truth for it."""


@dataclass(frozen=True, kw_only=True)
class _Story:
    sent: dict[str, Sent]
    problems: list[str]
    segments: list[_Segment]
    entered: list[_Entered]
    """The strongest of the last who entered each."""
    caught: Caught
    churn: ChurnKnown
    similar: list[SimilarReview]

    def to_dict(self) -> dict[str, Any]:
        return {
            "sent_again": sum(one.duplicates for one in self.sent.values()),
            "broken": sum(one.broken for one in self.sent.values()),
            "alerts_per_day": _ALERTS_PER_DAY,
            "segments": {one.title: one.members for one in self.segments},
            "segments_judged": {
                one.judged.segment: {"recall": one.judged.recall, "precision": one.judged.precision}
                for one in self.segments
                if one.judged
            },
            "weeks": [one._asdict() for one in self.caught.weeks],
            "rings": [one._asdict() for one in self.caught.rings],
            "churn": self.churn._asdict(),
        }

    def shown(self) -> Sequence[RenderableType]:
        tables = (
            _segments(self.segments),
            _entered(self.entered),
            _rings(self.caught.rings),
            _weeks(self.caught.weeks),
        )
        return [*tables, _churn(self.churn), similar_table(self.similar)]


def scenario() -> Scenario:
    return Scenario(
        title="Fourteen weeks of a simulated shop",
        what="a simulated shop",
        settings=Settings(
            flush_interval_s=0.3,
            learn_interval_s=0.5,
            segment_interval_s=1.0,
            fraud_threshold=0.5,
            fraud_alerts_per_day=_ALERTS_PER_DAY["fraud"],
            churn_threshold=0.3,
            churn_alerts_per_day=_ALERTS_PER_DAY["churn"],
        ),
        chunks=lambda: (piece.chunk for piece in Simulation(_SHOP).pieces(events=_TOTAL)),
        total=_TOTAL,
        fast_records=_FAST,
        slow_s=_SLOW_DAYS * 86_400,
        tell=_tell,
        queries=_QUERIES,
    )


def _tell(settings: Settings) -> _Story:
    known = Known()
    truth = _truth(known)
    sent = dict(truth.sent)
    with closing(Reader(settings)) as reader:
        return _Story(
            sent=sent,
            problems=differences(settings, sent, texts=True),
            segments=_found(reader, settings, known),
            entered=[_Entered(*row) for row in reader.query(_STRONGEST)],
            caught=caught(reader, known),
            churn=churn_known(reader, known),
            similar=similar(reader),
        )


def _truth(known: Known) -> Truth:
    """The simulation once more, for what is behind it."""
    simulation = Simulation(_SHOP)
    truth = Truth(simulation, known.write)
    chunks: Iterator[Chunk] = truth.chunks(simulation.pieces(events=_TOTAL))
    position = 0
    for chunk in chunks:
        position += len(chunk)
        truth.reached(position)
    return truth


def _found(reader: Reader, settings: Settings, known: Known) -> list[_Segment]:
    changes = {segment: (entered, left) for segment, entered, left in reader.query(_SEGMENTS)}
    members = dict(reader.query(_MEMBERS))
    of_truth = {one.segment: one for one in judged(reader, known)}
    return [
        _Segment(one.title, members.get(name, 0), *changes.get(name, (0, 0)), of_truth.get(name))
        for name, one in segments_of(settings).items()
    ]


def _segments(found: Sequence[_Segment]) -> Table:
    table = Table(title="Segments, live", title_justify="left", expand=True)
    for name in ("segment", "members", "entered", "left", "precision", "recall"):
        table.add_column(name, justify="left" if name == "segment" else "right")
    for one in found:
        shares = (one.judged.precision, one.judged.recall) if one.judged else (None, None)
        shown = ("" if share is None else f"{share:.0%}" for share in shares)
        table.add_row(one.title, f"{one.members:,}", f"{one.entered:,}", f"{one.left:,}", *shown)
    return table


def _entered(found: Sequence[_Entered]) -> Table:
    table = Table(title="Who entered last, and why", title_justify="left", expand=True)
    for name in ("segment", "shopper"):
        table.add_column(name)
    table.add_column("because", ratio=1)
    for one in found:
        table.add_row(*one)
    return table


def _rings(found: Sequence[RingsFound]) -> Table:
    table = Table(title="Rings of fraudsters, by the truth", title_justify="left", expand=True)
    for name in ("they", "rings", "found", "frauds", "alerted"):
        table.add_column(name, justify="left" if name == "they" else "right")
    for one in found:
        share = f"{one.caught / one.frauds:.0%}"
        table.add_row(_DOES[one.fraud], str(one.rings), str(one.found), f"{one.frauds:,}", share)
    return table


def _weeks(found: Sequence[Week]) -> Table:
    title = f"Fraud by week, with a budget of {_ALERTS_PER_DAY['fraud']:g} alerts a day"
    table = Table(title=title, title_justify="left", expand=True)
    for name in ("week of", "alerts a day", "of them right", "frauds", "alerted"):
        table.add_column(name, justify="left" if name == "week of" else "right")
    for week in found:
        table.add_row(
            datetime.fromtimestamp(week.start_ms / 1000, UTC).strftime("%Y-%m-%d"),
            f"{week.alerts_per_day:.1f}",
            f"{week.right / week.sent:.0%}" if week.sent else "",
            f"{week.frauds:,}",
            f"{week.caught / week.frauds:.0%}" if week.frauds else "",
        )
    return table


def _churn(found: ChurnKnown) -> Text:
    if found.roc_auc is None:
        return Text("Churn: the model is warming up.")
    return Text(
        f"Churn: of {found.shoppers:,} shoppers who were here in the last {ACTIVE_DAYS} days, {found.gone:,} have "
        f"fallen silent for good, which only the truth knows; the scores tell them by an AUC of {found.roc_auc:.3f}."
    )


_DOES = {
    "card_testing": "test stolen cards",
    "takeover": "take accounts over",
    "refund_abuse": "abuse refunds",
}

_QUERIES = {
    "Who entered which segment last, and why": (
        "SELECT at, segment, user_id, reason FROM segment_changes FINAL WHERE change = 'enter' ORDER BY at DESC LIMIT 5"
    ),
    "Fraud alerts with their first reason": (
        "SELECT ts, user_id, round(score, 2) AS score, amount, reason_texts[1] AS because FROM alerts FINAL "
        "WHERE kind = 'fraud' ORDER BY ts DESC LIMIT 5"
    ),
    "Devices with the most shoppers": (
        "SELECT device, uniqExact(user_id) AS shoppers, count() AS purchases FROM events FINAL "
        "WHERE type = 'purchase' GROUP BY device ORDER BY shoppers DESC LIMIT 5"
    ),
}
