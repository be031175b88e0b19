"""A process that ends with whoever started it."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import psutil
import pytest

import deploy.local.child
from deploy.local.child import Child
from deploy.local.exceptions import StackError
from tests.waiting import wait_until

SLEEPING = "import time; print('awake', flush=True); time.sleep(60)"


def python(code: str, log: Path, **environment: str) -> Child:
    return Child([sys.executable, "-c", code], environment, log)


def wait_for_output(child: Child) -> None:
    wait_until(child.log.read_text, 20, "it has printed something")


def test_its_usage_is_all_that_it_took(tmp_path: Path) -> None:
    code = """if True:
        import signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        while time.process_time() < 0.3: pass
        print("done", flush=True)
        signal.pause()
    """
    with python(code, tmp_path / "busy.log") as child:
        wait_for_output(child)
        cpu_s = child.end()
    assert (child.running, child.status) == (False, 0)
    assert 0.3 <= cpu_s < 20


def test_it_is_killed_at_the_end(tmp_path: Path) -> None:
    with python(SLEEPING, tmp_path / "sleeping.log") as child:
        wait_for_output(child)
        child.check()
        assert child.running
    assert child.status == -signal.SIGKILL
    assert not psutil.pid_exists(child.pid)
    child.signal(signal.SIGTERM)
    child.kill()


def test_errors_name_it_and_its_last_line(tmp_path: Path) -> None:
    with python("print('reading', flush=True); raise SystemExit('no such file')", tmp_path / "reader.log") as child:
        assert child.wait(20) == 1
        for ask in (child.check, child.end):
            with pytest.raises(StackError, match=r"^reader ended with status 1: no such file$"):
                ask()
    with python(SLEEPING, tmp_path / "sleeping.log") as child:
        wait_for_output(child)
        with pytest.raises(StackError, match=r"^sleeping did not end within 0\.1 s: awake$"):
            child.wait(0.1)
        with pytest.raises(StackError, match=rf"^sleeping ended with status -{signal.SIGTERM:d}: awake$"):
            child.end()


def test_it_runs_the_sources_of_whoever_starts_it(tmp_path: Path) -> None:
    with python("import deploy.local.child as it; print(it.__file__)", tmp_path / "log") as child:
        assert child.wait(20) == 0
    assert child.log.read_text() == f"{deploy.local.child.__file__}\n"


def test_it_has_the_settings_given_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTFALL_GROUP", "of the shell")
    monkeypatch.setenv("OTHER", "kept")
    code = "import os; print(sorted(set(os.environ) & {'FOOTFALL_GROUP', 'FOOTFALL_KAFKA', 'OTHER'}), os.getcwd())"
    with python(code, tmp_path / "folder" / "log", FOOTFALL_KAFKA="127.0.0.1:1") as child:
        assert child.wait(20) == 0
    assert child.log.read_text() == f"['FOOTFALL_KAFKA', 'OTHER'] {tmp_path / 'folder'}\n"
