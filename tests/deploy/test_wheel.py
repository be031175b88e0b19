"""The wheel that the images are made of: what it holds, and that Footfall runs from it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
FOLDERS = ("schemas", "models", "streams", "deploy")
DATA = {".sql", ".parquet", ".json", ".safetensors", ".typed", ".html", ".css", ".js"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built of what git knows."""
    pytest.importorskip("setuptools", minversion="77")
    source = tmp_path_factory.mktemp("source")
    for path in tracked("pyproject.toml", "README.md", "LICENSE", *FOLDERS):
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / path, source / path)
    built = tmp_path_factory.mktemp("wheel")
    build = f"from setuptools.build_meta import build_wheel; build_wheel({str(built)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True, timeout=60)
    (found,) = built.glob("footfall-*.whl")
    return found


def test_every_module_and_every_data_file_is_in_it(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    packages = {path.parent for path in tracked(*FOLDERS) if path.name == "__init__.py"}
    wanted = {
        str(path)
        for path in tracked(*FOLDERS)
        if path.suffix == ".py" or (path.suffix in DATA and any(parent in packages for parent in path.parents))
    }
    assert {"schemas/migrations/0001_events.sql", "models/text/adapter/adapter.safetensors"} <= wanted
    assert wanted - held == set()


def test_footfall_runs_from_it_alone(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    code = (
        "import streams.commands, streams.clickhouse.migrate\n"
        "from click.testing import CliRunner\n"
        "print(streams.__file__)\n"
        "print(len(streams.clickhouse.migrate.load()))\n"
        "print(CliRunner().invoke(streams.commands.main, ['--help']).output)\n"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path / "installed")}
    ran = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.stderr == ""
    first, migrations, *help_lines = ran.stdout.splitlines()
    assert first == str(tmp_path / "installed" / "streams" / "__init__.py")
    assert int(migrations) == len([path for path in tracked("schemas/migrations") if path.suffix == ".sql"])
    assert any(line.startswith("  worker ") for line in help_lines)


def tracked(*paths: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", *paths], cwd=REPOSITORY, check=True, capture_output=True, text=True
    )
    return [Path(path) for path in listed.stdout.split("\0") if path]
