"""Which models of a kind take part, and how: what a sequence of decisions comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from models.catalogue import of_kind
from schemas.alerts import Kind

Action = Literal["promote", "rollback", "pin", "unpin", "challenge", "retire"]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A row of the ``model_decisions`` table."""

    kind: Kind
    decided_ms: int
    action: Action
    model: str
    """Which it is about; of a rollback, the one that is champion again."""
    version: str = ""
    """Of a pin."""
    who: str = ""
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Lineup:
    """The models of a kind that take part."""

    champions: tuple[str, ...]
    """From the first to the present one. A rollback takes the last away."""
    challengers: tuple[str, ...] = ()
    """They learn and score, and decide nothing."""
    pins: Mapping[str, str]
    """By model, the version that workers stay at while the learner goes on."""

    @property
    def champion(self) -> str:
        return self.champions[-1]

    @property
    def active(self) -> tuple[str, ...]:
        """All that learn and score, the champion first."""
        return self.champion, *self.challengers

    def role(self, model: str) -> str:
        """``champion``, ``challenger``, or ``idle``: it neither learns nor scores."""
        if model == self.champion:
            return "champion"
        return "challenger" if model in self.challengers else "idle"


def lineup(kind: Kind, decisions: Iterable[Decision]) -> Lineup:
    """Where the decisions, in the order in which they were made, have brought a kind.

    Before the first, the first model of the kind in the catalogue is champion, alone. Whoever was champion becomes a
    challenger: it goes on learning, so that a rollback to it is at once. Decisions about models that aren't in the
    catalogue any more count for nothing.
    """
    known = [spec.name for spec in of_kind(kind)]
    champions, challengers, pins = known[:1], dict[str, None](), dict[str, str]()
    for decision in decisions:
        model = decision.model
        if decision.kind != kind or model not in known:
            continue
        former = champions[-1]
        match decision.action:
            case "promote" if model != former:
                champions.append(model)
            case "rollback" if model != former:
                champions.pop()
                if champions[-1:] != [model]:  # what lay between was removed from the catalogue
                    champions.append(model)
            case "challenge":
                challengers[model] = None
            case "retire" if model != former:
                challengers.pop(model, None)
                champions = [name for name, _ in groupby(name for name in champions if name != model)]
            case "pin":
                pins[model] = decision.version
            case "unpin":
                pins.pop(model, None)
        if champions[-1] != former:
            challengers[former] = None
        challengers.pop(champions[-1], None)
    return Lineup(champions=tuple(champions), challengers=tuple(challengers), pins=pins)
