"""What the stack remembers between commands: `stack.json` in its data folder."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, Self

from deploy.local.exceptions import FolderInUse
from deploy.local.ports import free_ports
from deploy.local.process import Spawned

Name = Literal["broker", "clickhouse"]
NAMES: tuple[Name, ...] = ("broker", "clickhouse")


@dataclass(slots=True, kw_only=True)
class State:
    kafka_port: int
    controller_port: int
    clickhouse_port: int
    http_port: int
    kafka_home: str | None = None  # None: the broker is Tansu
    processes: dict[Name, Spawned] = field(default_factory=dict)

    @classmethod
    def new(cls) -> Self:
        kafka, controller, clickhouse, http = free_ports(4)
        return cls(kafka_port=kafka, controller_port=controller, clickhouse_port=clickhouse, http_port=http)

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """Read what `save` wrote; None if nothing was saved."""
        try:
            written = json.loads(path.read_bytes())
            processes = {name: Spawned(**process) for name, process in written.pop("processes").items()}
            return cls(**written, processes=processes)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise FolderInUse(f"{path} was not written by this version: remove it or take another folder") from None

    def save(self, path: Path) -> None:
        """Replace the file at once, so that a reader never sees half of it."""
        part = path.with_suffix(".part")
        part.write_text(json.dumps(asdict(self), indent=2) + "\n")
        os.replace(part, path)
