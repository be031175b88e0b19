"""A Dockerfile's instructions by stage."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


class Instruction(NamedTuple):
    name: str
    arguments: str


@dataclass
class Stage:
    name: str
    base: str
    """An image, or the name of a stage before."""
    instructions: list[Instruction] = field(default_factory=list)

    def of(self, name: str) -> list[str]:
        """The arguments of all instructions of a name."""
        return [instruction.arguments for instruction in self.instructions if instruction.name == name]


@dataclass
class Dockerfile:
    arguments: dict[str, str]
    """Those before the first stage, with their defaults."""
    stages: dict[str, Stage]

    def lineage(self, name: str) -> list[Stage]:
        """The stage and those that it is built on, itself last."""
        stage = self.stages[name]
        return [*(self.lineage(stage.base) if stage.base in self.stages else []), stage]

    def last(self, name: str, instruction: str) -> str | None:
        """What holds of an instruction in the finished image."""
        found = [text for stage in self.lineage(name) for text in stage.of(instruction)]
        return found[-1] if found else None


def parsed(path: Path) -> Dockerfile:
    text = re.sub(r"^#.*\n", "", path.read_text(), flags=re.MULTILINE)
    text = re.sub(r"\\\n\s*", "", text)
    found = Dockerfile({}, {})
    stage: Stage | None = None
    for line in filter(None, map(str.strip, text.splitlines())):
        name, _, arguments = line.partition(" ")
        if name == "FROM":
            base, _, stage_name = arguments.partition(" AS ")
            stage = found.stages[stage_name] = Stage(stage_name, base)
        elif stage is None:
            assert name == "ARG"
            argument, _, default = arguments.partition("=")
            found.arguments[argument] = default
        else:
            stage.instructions.append(Instruction(name, arguments))
    return found
