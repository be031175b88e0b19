"""Where a replay has come to, kept in a file, so that one that was interrupted goes on from there."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from streams.errors import Invalid


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """``position`` is the number of the first event of ``source``, read from ``path``, that is still to be sent."""

    source: str
    path: str
    position: int = 0

    def found_in(self, file: Path) -> Checkpoint:
        """What an earlier replay of the same data left in ``file``, or this one where there is no such file.

        Raises ``Invalid`` for a file that isn't a checkpoint, or is one of other data.
        """
        try:
            found = msgspec.json.decode(file.read_bytes(), type=Checkpoint)
        except FileNotFoundError:
            return self
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise Invalid(f"{file} is not a checkpoint of footfall replay") from None
        if (found.source, found.path) != (self.source, self.path):
            raise Invalid(f"{file} is the checkpoint of a replay of {found.source} {found.path}".rstrip())
        return found

    def save(self, file: Path) -> None:
        """Replaces the file at once, so that it is never half written."""
        part = file.with_name(file.name + ".part")
        part.write_bytes(msgspec.json.encode(asdict(self)) + b"\n")
        os.replace(part, file)
