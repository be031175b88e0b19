"""Environments of containers as Footfall would read them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streams.settings import Settings
from tests.deploy import expected

_DEFAULT = re.compile(r"\$\{\w+:-([^}]*)\}")


def settings_of(environment: Mapping[str, Any], folder: Path) -> Settings:
    """The settings of a container's environment, with a file in ``folder`` for each secret.

    ``${NAME:-default}`` is its default, as Compose has it where the host sets nothing. What the product doesn't have
    yet is left out.
    """
    given = {
        name: _DEFAULT.sub(r"\1", str(value)) for name, value in environment.items() if name.startswith("FOOTFALL_")
    }
    for name, value in given.items():
        if name.endswith("_FILE"):
            file = folder / Path(value).name
            file.write_text("clickhouse://user:a-secret@host:9000/default\n")
            given[name] = str(file)
    return Settings.from_env(
        {name: value for name, value in given.items() if name.removesuffix("_FILE") not in expected.SETTINGS}
    )
