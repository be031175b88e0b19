"""The stack as its commands and other tests use it."""

import json
import os
import socket
import threading
from pathlib import Path

import psutil
import pytest
from clickhouse_driver import Client

from deploy.local import stack as stack_module
from deploy.local.exceptions import FolderInUse, NotInstalled, NotReady, PortTaken, StackError
from deploy.local.ports import HOST, free_ports, is_free
from deploy.local.process import Spawned, last_lines, spawn
from deploy.local.stack import LocalStack
from deploy.local.state import State
from tests.waiting import wait_until


def test_up_twice_and_down(stack_folder: Path) -> None:
    stack = LocalStack(stack_folder / "new" / "folder")
    assert stack.status() == []
    assert stack.endpoints() is None
    try:
        endpoints = stack.up()
        before = stack.status()
        assert [(member.name, member.kind, member.state) for member in before] == [
            ("broker", "tansu", "up"),
            ("clickhouse", "chdb", "up"),
        ]
        with Client(endpoints.clickhouse_host, endpoints.clickhouse_port) as client:
            client.execute("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
        # Another object, as another command would have.
        assert LocalStack(stack_folder / "new" / "folder").up() == endpoints
        assert stack.status() == before

        stack.member("clickhouse").kill()
        assert [member.state for member in stack.status()] == ["up", "down"]
        assert stack.up() == endpoints
        after = stack.status()
        assert after[0] == before[0]  # what ran was left alone
        assert after[1].pid != before[1].pid
        with Client(endpoints.clickhouse_host, endpoints.clickhouse_port) as client:
            assert client.execute("SHOW TABLES") == [("t",)]
    finally:
        stack.down()
    assert [(member.state, member.pid) for member in stack.status()] == [("down", None)] * 2
    assert all(is_free(port) for member in stack.status() for port in member.ports)
    stack.down()  # once more does nothing


def test_one_member_is_enough(stack_folder: Path) -> None:
    stack = LocalStack(stack_folder, members=("broker",))
    stack.up()
    assert [member.state for member in stack.status()] == ["up", "down"]
    with pytest.raises(FolderInUse, match="no stack was started"):
        LocalStack(stack_folder / "elsewhere").member("broker")


def test_two_at_once_start_one_stack(stack_folder: Path) -> None:
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(LocalStack(stack_folder, members=("broker",)).up()))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert len(set(found)) == 1
    running = [process for process in psutil.process_iter(["cmdline"]) if found[0].kafka in str(process.info)]
    assert len(running) == 1


def test_a_folder_that_is_worked_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_module, "LOCK_TIMEOUT_S", 0.2)
    busy = LocalStack(tmp_path, members=())
    with busy._locked(), pytest.raises(FolderInUse, match="another command works"):
        LocalStack(tmp_path).up()


def test_a_taken_port(stack_folder: Path) -> None:
    stack = LocalStack(stack_folder, members=("broker",))
    stack.up()
    stack.down()
    port = stack.status()[0].ports[0]
    with socket.create_server((HOST, port)), pytest.raises(PortTaken, match=str(port)):
        stack.up()
    stack.up()


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALF_TANSU_BIN", "/no/such/binary")
    with pytest.raises(NotInstalled, match="/no/such/binary"):
        LocalStack(tmp_path).up()
    with pytest.raises(NotInstalled, match=r"libs/\*.jar"):
        LocalStack(tmp_path, kafka_home=tmp_path).up()
    assert LocalStack(tmp_path).status() == []  # a wrong folder isn't remembered


def test_a_member_that_dies_shows_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho it cannot work; exit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("CALF_TANSU_BIN", str(broken))
    with pytest.raises(NotReady, match="the broker died:\nit cannot work"):
        LocalStack(tmp_path, members=("broker",)).up()


def test_another_broker_on_a_running_folder(stack_folder: Path) -> None:
    LocalStack(stack_folder, members=("broker",)).up()
    with pytest.raises(FolderInUse, match="runs another broker"):
        LocalStack(stack_folder, stack_folder, members=("broker",)).up()


def test_the_state_file(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    assert State.load(path) is None
    state = State.new()
    state.processes["broker"] = Spawned(1, 2.5)
    state.save(path)
    assert State.load(path) == state
    for text in ("{", json.dumps({"another": "version"}), "[]"):
        path.write_text(text)
        with pytest.raises(StackError, match="was not written by this version"):
            State.load(path)


def test_a_process_is_not_taken_for_a_later_one_with_its_number(tmp_path: Path) -> None:
    me = psutil.Process()
    assert Spawned(me.pid, me.create_time()).find()
    assert Spawned(me.pid, me.create_time() - 100).find() is None
    log = tmp_path / "log"
    ended = spawn(["sh", "-c", "echo $GREETING; exit 1"], log, {"GREETING": "hello"})
    wait_until(lambda: not ended.find(), 5, "it is gone")
    ended.end()  # of nothing is no error
    assert last_lines(log) == "hello"
    assert last_lines(tmp_path / "none") == "(it wrote no log)"


def test_a_paused_or_stubborn_process_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.local.process.END_TIMEOUT_S", 0.2)
    stubborn = spawn(["sh", "-c", "trap '' TERM; while true; do sleep 0.05; done"], tmp_path / "log", {})
    os.kill(stubborn.pid, 19)  # SIGSTOP
    stubborn.end()
    assert stubborn.find() is None


def test_free_ports_differ() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert max(ports) < 32_768
