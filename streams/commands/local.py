"""`footfall local`: a Kafka broker and ClickHouse on this machine, without Docker."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from deploy.local.member import MemberStatus
    from deploy.local.stack import Endpoints, LocalStack

P = ParamSpec("P")
R = TypeVar("R")
_COLOURS = {"up": "green", "silent": "yellow", "paused": "yellow", "down": "red"}
_KINDS = {"tansu": "Tansu", "apache-kafka": "Apache Kafka", "chdb": "ClickHouse (chDB)"}

data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".footfall"),
    show_default=True,
    help="The folder that holds everything.",
)
kafka_home_option = click.option(
    "--kafka-home",
    envvar="KAFKA_HOME",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="An unpacked Apache Kafka to use as broker, with a durable log; needs Java. [default: Tansu, in memory]",
)


@click.group("local", help=__doc__)
def command() -> None:
    pass


@command.command()
@data_option
@kafka_home_option
@click.option(
    "--users", is_flag=True, help="Give ClickHouse a user for workers, one for the console, one for analysts."
)
def up(data: Path, kafka_home: Path | None, users: bool) -> None:
    """Start what isn't running, and wait until it answers."""
    stack = _stack(data, kafka_home, users=users)
    if (before := _explained(stack.status)()) and all(member.state == "up" for member in before):
        click.echo("Already up.")
    endpoints = _explained(stack.up)()
    _print(stack.status(), endpoints)
    if stack.passwords():
        from deploy.local.users import users_file

        Console().print("Passwords:", str(users_file(data)), style="dim", soft_wrap=True, highlight=False)


@command.command()
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(data: Path, as_json: bool) -> None:
    """Say how the servers are. Exits with 1 unless all are up."""
    stack = _stack(data)
    members, endpoints = _explained(stack.status)(), _explained(stack.endpoints)()
    if as_json:
        where = asdict(endpoints) if endpoints else None
        described = {"members": [asdict(member) for member in members], "endpoints": where}
        click.echo(json.dumps(described, indent=2, default=str))
    elif endpoints is None:
        click.echo(f"No stack was started in {data}.")
    else:
        _print(members, endpoints)
    if not members or any(member.state != "up" for member in members):
        raise SystemExit(1)


@command.command()
@data_option
def down(data: Path) -> None:
    """Stop the servers. What Apache Kafka and ClickHouse hold stays."""
    _explained(_stack(data).down)()
    click.echo("Down.")


def _stack(data: Path, kafka_home: Path | None = None, *, users: bool = False) -> LocalStack:
    try:
        from deploy.local.stack import LocalStack
    except ModuleNotFoundError as error:
        raise click.ClickException(f"{error}: pip install 'footfall[local]'") from None
    return LocalStack(data, kafka_home, users=users)


def _explained(function: Callable[P, R]) -> Callable[P, R]:
    """Turn the stack's errors into messages without a trace."""
    from deploy.local.exceptions import StackError

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except StackError as error:
            raise click.ClickException(str(error)) from None

    return call


def _print(members: list[MemberStatus], endpoints: Endpoints) -> None:
    host = endpoints.clickhouse_host
    addresses = {
        "broker": [endpoints.kafka],
        "clickhouse": [f"{host}:{endpoints.clickhouse_port}", f"http://{host}:{endpoints.http_port}"],
    }
    table = Table("", "", "state", "pid", "address", box=None, pad_edge=False)
    for member in members:
        state = f"[{_COLOURS[member.state]}]{member.state}[/]"
        address = "\n".join(addresses[member.name])
        table.add_row(member.name, _KINDS[member.kind], state, str(member.pid or ""), address)
    console = Console()
    console.print(table)
    console.print("Logs:", str(members[0].log.parent), style="dim", soft_wrap=True, highlight=False)
