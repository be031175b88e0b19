"""Settings where the command runs: the environment's, with the local stack's addresses where it names none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from schemas.access import CONSOLE, WORKER
from streams.errors import Fatal
from streams.secret_files import SUFFIX
from streams.settings import Secret, Settings

STACK_FOLDER = ".footfall"
"""Where ``footfall local up`` keeps the stack, relative to the current directory."""


def settings_here(environ: Mapping[str, str], directory: Path) -> Settings:
    """The settings of ``environ``, where what it leaves open of Kafka and ClickHouse is the stack's in ``directory``.

    Raises :class:`~streams.errors.SettingError` for the environment, and ``Fatal`` for a stack that can't be read.
    """
    settings = Settings.from_env(environ)
    folder = directory / STACK_FOLDER
    open_settings = {"FOOTFALL_KAFKA", "FOOTFALL_CLICKHOUSE"} - {name.removesuffix(SUFFIX) for name in environ}
    if not open_settings or not (folder / "stack.json").exists():
        return settings
    from deploy.local.exceptions import StackError
    from deploy.local.stack import LocalStack

    try:
        stack = LocalStack(folder)
        endpoints, passwords = stack.endpoints(), stack.passwords()
    except StackError as error:
        raise Fatal(str(error)) from None
    if endpoints and "FOOTFALL_KAFKA" in open_settings:
        settings = replace(settings, kafka=endpoints.kafka)
    if endpoints and "FOOTFALL_CLICKHOUSE" in open_settings:
        address = f"{endpoints.clickhouse_host}:{endpoints.clickhouse_port}"
        worker = f"{WORKER.user}:{passwords[WORKER.user]}" if passwords else "default"
        settings = replace(settings, clickhouse=Secret(f"clickhouse://{worker}@{address}/default"))
        if passwords and not settings.console_clickhouse:
            console = f"{CONSOLE.user}:{passwords[CONSOLE.user]}"
            settings = replace(settings, console_clickhouse=Secret(f"clickhouse://{console}@{address}/default"))
    return settings
