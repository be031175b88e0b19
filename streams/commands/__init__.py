"""The command line: ``footfall`` and its subcommands, one module each, imported when called.

A subcommand's module defines a click command or group named ``command``. An error meant for the operator is one line on
stderr and an exit status: 2 for what was given wrongly, 1 for everything else, 130 for Ctrl-C.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from streams.errors import FootfallError, Invalid, SettingError
from streams.local_settings import settings_here
from streams.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")

_COMMANDS = {
    "local": "Run a Kafka broker and ClickHouse on this machine.",
    "topics": "Create and list the topics.",
    "migrate": "Bring ClickHouse's tables up to date.",
    "schema": "Print the events' JSON Schema.",
    "worker": "Profile and score events as they come.",
    "text-worker": "Read what reviews say as they come.",
    "replay": "Send a data set to Kafka as events.",
    "simulate": "Send the events of a simulated shop to Kafka, or write them to a file.",
    "audit": "Check that every record was written once.",
    "rebuild": "Recompute the profiles from the events.",
    "dead-letters": "List, show and resend records that could not be used.",
    "alerts": "Follow alerts, list them, and say what was behind them.",
    "models": "Compare, promote and pin the models.",
    "segments": "See who is in which segment, and who came and went.",
    "labels": "See what became of the labels.",
    "erase": "Remove a person from all tables and topics, for good.",
    "query": "Ask ClickHouse.",
    "console": "Serve a page that shows it all.",
    "backtest": "Score and learn a data set in event time.",
    "text": "Train, judge and use the model that reads reviews.",
    "bench": "Measure what this machine can do.",
    "soak": "Kill workers under a steady load, and see whether all is there.",
    "demo": "See everything at work on this machine.",
}
_EXIT_INVALID = 2
_EXIT_INTERRUPTED = 130


class Commands(click.Group):
    """Lists subcommands from the table above, without importing any."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in _COMMANDS if find_spec(_module(name))]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(ctx):
            return None
        command: click.Command = import_module(_module(name)).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name]) for name in self.list_commands(ctx)])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except FootfallError as error:
            from streams.transport.logs import say_why_it_ends

            say_why_it_ends(error)
            ctx.exit(_EXIT_INVALID if isinstance(error, Invalid | SettingError) else 1)
        except KeyboardInterrupt:
            ctx.exit(_EXIT_INTERRUPTED)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="footfall")
def main() -> None:
    """Shopper behaviour from Kafka, profiled and scored as it happens, kept in ClickHouse.

    Settings are read from FOOTFALL_ variables; servers started by `footfall local up` in this folder are found by
    themselves.
    """


def with_settings(function: Callable[Concatenate[Settings, P], R]) -> Callable[P, R]:
    """Give a command the operator's settings as its first argument, with the log set up by them."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        from streams.transport.logs import configure_logging

        settings = settings_here(os.environ, Path.cwd())
        configure_logging(settings)
        return function(settings, *args, **kwargs)

    return call


def _module(name: str) -> str:
    return f"{__name__}.{name.replace('-', '_')}"
