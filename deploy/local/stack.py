"""The local stack: a Kafka broker and ClickHouse on this machine, kept in one folder.

    stack = LocalStack(Path(".footfall"))           # Tansu; with kafka_home=Path(...) Apache Kafka
    endpoints = stack.up()                          # Endpoints(kafka="127.0.0.1:21345", clickhouse_host=..., ...)
    stack.status()                                  # [MemberStatus(name="broker", state="up", ...), ...]
    stack.down()

The servers outlive the process that started them; any later one finds them by the folder's `stack.json`, and they
keep their ports as long as that file is there. Tests start what they need and hurt it:

    stack = LocalStack(tmp_path, members=("clickhouse",))
    stack.up()
    stack.member("clickhouse").kill()               # SIGKILL
    stack.member("clickhouse").restart()            # same ports, same data, waits until it answers
    stack.member("clickhouse").stop()               # SIGSTOP; cont() lets it go on

All calls block; failures are `StackError`s of `deploy.local.exceptions`.
"""

import fcntl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.apache_kafka import ApacheKafka
from deploy.local.clickhouse_service import ClickHouse
from deploy.local.exceptions import FolderInUse
from deploy.local.member import Member, MemberStatus
from deploy.local.ports import HOST
from deploy.local.process import Spawned
from deploy.local.service import Service
from deploy.local.state import NAMES, Name, State
from deploy.local.tansu import Tansu
from deploy.local.users import make_passwords, read_passwords

# How long a command waits for another that works on the same folder.
LOCK_TIMEOUT_S = 60.0
_POLL_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where the members listen. They have their addresses even while they are down."""

    kafka: str  # host:port
    clickhouse_host: str
    clickhouse_port: int  # native protocol
    http_port: int  # ClickHouse's HTTP


class LocalStack:
    """Args:
    data_dir: holds everything; made by `up`.
    kafka_home: an unpacked Apache Kafka to use as broker. None: Tansu, or whatever the folder's broker is already.
    members: which servers `up` starts.
    users: whether `up` gives ClickHouse the users of `schemas.access`. It keeps them from then on.
    """

    def __init__(
        self,
        data_dir: Path | str,
        kafka_home: Path | str | None = None,
        *,
        members: Sequence[Name] = NAMES,
        users: bool = False,
    ) -> None:
        self._folder = Path(data_dir).absolute()
        self._kafka_home = Path(kafka_home).absolute() if kafka_home else None
        self._names = tuple(members)
        self._users = users
        self._state_file = self._folder / "stack.json"

    def up(self) -> Endpoints:
        """Start what isn't running, and wait until all answer. What runs is left alone."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            state = State.load(self._state_file) or State.new()
            self._choose_broker(state)
            self._choose_users(state)
            members = [self._member_of(state, name) for name in self._names]
            for member in members:  # both first, then both waited for: they start side by side
                member.start()
            for member in members:
                member.wait_ready()
        return _endpoints(state)

    def down(self) -> None:
        """Stop all members, whoever started them. Their data and ports stay."""
        state = State.load(self._state_file)
        if state is None:
            return
        with self._locked():
            for name in NAMES:
                self._member_of(state, name).end()
            state.processes.clear()
            state.save(self._state_file)

    def status(self) -> list[MemberStatus]:
        """How each member is; empty if the stack was never up in this folder."""
        state = State.load(self._state_file)
        return [self._member_of(state, name).status() for name in NAMES] if state else []

    def endpoints(self) -> Endpoints | None:
        """Where members listen, None if the stack was never up in this folder."""
        state = State.load(self._state_file)
        return _endpoints(state) if state else None

    def passwords(self) -> Mapping[str, str]:
        """Of ClickHouse's users, empty where anybody may do everything."""
        return read_passwords(self._folder)

    def member(self, name: Name) -> Member:
        """The member to hurt or heal.

        Raises:
            FolderInUse: the stack was never up in this folder.
        """
        state = State.load(self._state_file)
        if state is None:
            raise FolderInUse(f"no stack was started in {self._folder}")
        return self._member_of(state, name)

    def _choose_broker(self, state: State) -> None:
        wanted = str(self._kafka_home) if self._kafka_home else state.kafka_home
        running = state.processes.get("broker")
        if wanted != state.kafka_home and running and running.find():
            raise FolderInUse(f"{self._folder} runs another broker: `footfall local down` first")
        state.kafka_home = wanted

    def _choose_users(self, state: State) -> None:
        if not self._users or self.passwords():
            return
        running = state.processes.get("clickhouse")
        if running and running.find():
            raise FolderInUse(f"{self._folder} runs ClickHouse without users: `footfall local down` first")
        make_passwords(self._folder)

    def _member_of(self, state: State, name: Name) -> Member:
        def remember(process: Spawned) -> None:
            # Read anew: other members may have been restarted since `state` was.
            latest = State.load(self._state_file) or state
            latest.kafka_home = state.kafka_home
            latest.processes[name] = process
            latest.save(self._state_file)

        log = self._folder / "logs" / f"{name}.log"
        return Member(name, self._service(state, name), log, state.processes.get(name), remember)

    def _service(self, state: State, name: Name) -> Service:
        if name == "clickhouse":
            folder = self._folder / "clickhouse"
            return ClickHouse(folder, state.clickhouse_port, state.http_port, self.passwords())
        if state.kafka_home:
            home, folder = Path(state.kafka_home), self._folder / "kafka"
            return ApacheKafka(home, folder, state.kafka_port, state.controller_port)
        return Tansu(state.kafka_port)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other commands off the folder."""
        deadline = time.monotonic() + LOCK_TIMEOUT_S
        with open(self._folder / "stack.lock", "w") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise FolderInUse(f"another command works on {self._folder}") from None
                    time.sleep(_POLL_S)
            yield


def _endpoints(state: State) -> Endpoints:
    return Endpoints(
        kafka=f"{HOST}:{state.kafka_port}",
        clickhouse_host=HOST,
        clickhouse_port=state.clickhouse_port,
        http_port=state.http_port,
    )
