"""The same back-test without some features, or with another model: what each is worth, and what it costs.

A group of features is left out by pinning it at 0 for scoring and learning alike. Costs are CPU time, so they vary from
run to run; everything else doesn't.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.catalogue import of_kind
from schemas.alerts import Kind
from streams.backtest.trials import AS_SERVED, Choice, Progressed, Trial, without_nan
from streams.settings import Settings

if TYPE_CHECKING:
    from river import compose

_GROUPS: dict[Kind, dict[str, str]] = {
    "fraud": {
        "risk from labels": "risk|fraud",
        "abnormal purchases": "abnormal",
        "amounts": "amount|spent",
        "means of payment": "^(card|device|ip|country|devices|countries)_",
    },
    "churn": {
        "rhythm": "gap|pause|active_share|one_day|trend|activity",
        "recency": "recency|since|tenure",
        "money": "spent|mean_order",
    },
}
"""By kind: groups, and what their features have in their names. A feature is of the first group that fits."""

_REST = "all others"

Row = dict[str, Any]


def groups(kind: Kind, names: Sequence[str]) -> dict[str, list[str]]:
    """Every feature of a kind in one group; groups without are left out.

    >>> groups("churn", ["log_spent_7d", "log_recency_d", "log_items"])
    {'recency': ['log_recency_d'], 'money': ['log_spent_7d'], 'all others': ['log_items']}
    """
    grouped: dict[str, list[str]] = {group: [] for group in (*_GROUPS[kind], _REST)}
    for name in names:
        fitting = (group for group, pattern in _GROUPS[kind].items() if re.search(pattern, name))
        grouped[next(fitting, _REST)].append(name)
    return {group: members for group, members in grouped.items() if members}


def choices(kinds: Sequence[Kind]) -> Iterator[tuple[str, Choice]]:
    """What to compare, as it serves first."""
    yield "as served", AS_SERVED
    for kind in kinds:
        for group, names in groups(kind, of_kind(kind)[0].features.names).items():
            yield f"{kind} without {group}", Choice(pinned={kind: names})
    for kind in kinds:
        for challenger in of_kind(kind)[1:]:
            yield challenger.name, Choice(pipelines={kind: _of_catalogue(challenger.name)})
    for said, n_knots in (("four knots a feature", 4), ("straight lines", 2)):
        yield said, Choice(pipelines={kind: _coarse(of_kind(kind)[0].name, n_knots) for kind in kinds})


def ablate(
    trial: Trial, path: Path | None, settings: Settings, *, progress: Progressed = lambda position: None
) -> list[Row]:
    """A row for each choice: its name, the headline of the trial, and µs of CPU for each score and label of a kind."""
    return [_row(name, trial, path, settings, choice, progress) for name, choice in choices(trial.kinds)]


def _row(name: str, trial: Trial, path: Path | None, settings: Settings, choice: Choice, progress: Progressed) -> Row:
    outcome = trial.run(path, settings, choice=choice, progress=progress)
    row: Row = {"choice": name, **outcome.headline}
    for model in outcome.models.values():
        row[f"{model.spec.kind}_score_us"] = model.score_costs.microseconds
        row[f"{model.spec.kind}_label_us"] = model.learn_costs.microseconds
    cleaned: Mapping[str, Any] = without_nan(row)
    return dict(cleaned)


def _of_catalogue(name: str) -> Callable[[], compose.Pipeline]:
    def make() -> compose.Pipeline:
        from models.pipelines import FACTORIES

        return FACTORIES[name]()

    return make


def _coarse(name: str, n_knots: int) -> Callable[[], compose.Pipeline]:
    """The model ``name`` with its functions bent less often: at ``n_knots`` of a feature's knots at most, both ends
    among them."""

    def make() -> compose.Pipeline:
        from models.pipelines import FACTORIES
        from models.scorecard import Hats

        hats, regression = FACTORIES[name]().steps.values()
        knots = {feature: _thinned(at, n_knots) for feature, at in hats.knots.items()}
        thinned: compose.Pipeline = Hats(knots, hats.pinned) | regression
        return thinned

    return make


def _thinned(knots: Sequence[float], n_knots: int) -> tuple[float, ...]:
    """
    >>> _thinned((0.0, 1.0, 2.0, 3.0, 4.0), 3)
    (0.0, 2.0, 4.0)
    """
    last = len(knots) - 1
    n_knots = min(n_knots, len(knots))
    return tuple(knots[round(place * last / (n_knots - 1))] for place in range(n_knots))
