"""``footfall text``: the model that reads review texts. Its subcommands are imported when called."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from models.errors import ExamplesRefused, TextModelUnusable
from streams.errors import Invalid

_COMMANDS = {
    "train": "Fine-tune the text model on texts with labels.",
    "score": "Score files of texts.",
    "evaluate": "Judge a text model by texts with labels.",
    "quality": "Judge training and the shipped model on public data.",
}


class _Commands(click.Group):
    """Lists subcommands from the table above, without importing any."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"{__name__}.{name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (TextModelUnusable, ExamplesRefused) as error:
            raise Invalid(str(error)) from None
        except ModuleNotFoundError as error:
            raise Invalid(f"{error.name} is missing: pip install 'footfall[text]'") from None


@click.command("text", cls=_Commands)
def command() -> None:
    """Read review texts: sentiment, expected stars, similarity. Needs pip install 'footfall[text]'."""
