"""Environments of containers as Footfall would read them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streams.settings import Settings

_DEFAULT = re.compile(r"\$\{\w+:-([^}]*)\}")


def without_containers(environment: Mapping[str, Any], secrets: Path) -> dict[str, str]:
    """A container's settings where its secrets are files of the folder ``secrets``.

    ``${NAME:-default}`` is its default, as Compose has it where the host sets nothing.
    """
    given = {name: _DEFAULT.sub(r"\1", str(value)) for name, value in environment.items()}
    return {
        name: str(secrets / Path(value).name) if name.endswith("_FILE") else value
        for name, value in given.items()
        if name.startswith("FOOTFALL_")
    }


def settings_of(environment: Mapping[str, Any], folder: Path) -> Settings:
    """Footfall's settings in a container, with a file in ``folder`` for each secret."""
    given = without_containers(environment, folder)
    for name, value in given.items():
        if name.endswith("_FILE"):
            Path(value).write_text("clickhouse://user:a-secret@host:9000/default\n")
    return Settings.from_env(given)
