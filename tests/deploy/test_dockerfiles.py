"""The Dockerfiles, as far as they can be judged without building them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from streams.settings import Settings
from tests.deploy.dockerfile import Dockerfile, parsed

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "deploy" / "docker"
IMAGES = {"Dockerfile": ["worker", "console", "text"], "Dockerfile.cuda": ["text"]}
PINNED = re.compile(r"[\w./-]+:\d+\.\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?")
SECRET = re.compile(r"password|token|secret|(?<!lock_)key", re.IGNORECASE)

every_file = pytest.mark.parametrize("name", IMAGES)
every_image = pytest.mark.parametrize(("name", "image"), [(name, image) for name in IMAGES for image in IMAGES[name]])


def file(name: str) -> Dockerfile:
    return parsed(FOLDER / name)


@every_file
def test_bases_are_pinned_and_can_be_given_by_digest(name: str) -> None:
    dockerfile = file(name)
    bases = {stage.base for stage in dockerfile.stages.values()} - dockerfile.stages.keys()
    assert bases == {"${PYTHON}"}
    assert PINNED.fullmatch(dockerfile.arguments["PYTHON"])


@every_file
def test_packages_are_those_of_the_lock_and_need_no_compiler(name: str) -> None:
    stages = file(name).stages
    (built,) = stages["wheel"].of("RUN")
    assert re.search(r"install \S+ setuptools==[\d.]+ && pip wheel .*--no-build-isolation", built)
    installs = [run for stage in stages.values() for run in stage.of("RUN") if "pip install" in run and run != built]
    assert installs
    for run in installs:
        assert "--constraint /requirements.lock" in run
        assert "--only-binary=:all:" in run


@every_file
def test_what_is_copied_is_there_and_goes_along(name: str) -> None:
    ignored, kept = ignore_rules()
    for stage in file(name).stages.values():
        for copy in stage.of("COPY"):
            *sources, _ = [word for word in copy.split() if not word.startswith("--")]
            if "--from=" in copy:
                assert re.findall(r"--from=(\S+)", copy)[0] in file(name).stages
                continue
            for source in sources:
                assert (REPOSITORY / source).exists(), source
                assert source.split("/")[0] in kept, source
                assert source not in ignored, source


@every_file
def test_the_wheels_folders_are_all_copied(name: str) -> None:
    folders = {init.parent.name for init in REPOSITORY.glob("*/__init__.py")}
    copied = {copy.split()[0] for copy in file(name).stages["wheel"].of("COPY")}
    assert folders
    assert folders <= copied


def test_secrets_and_caches_stay_out_of_the_build() -> None:
    ignored, _ = ignore_rules()
    for path in ("deploy/secrets", "streams/__pycache__", "footfall.egg-info"):
        assert any(fnmatch(path, rule.replace("**/", "*")) for rule in ignored), path


@every_image
def test_an_image_runs_as_nobody_in_particular(name: str, image: str) -> None:
    user = file(name).last(image, "USER")
    assert user
    assert all(int(number) >= 10_000 for number in user.split(":"))
    # Nothing is copied as that user, who could change it then.
    assert not [copy for stage in file(name).lineage(image) for copy in stage.of("COPY") if "--chown" in copy]


@every_image
def test_an_image_holds_no_secret(name: str, image: str) -> None:
    given = [text for stage in file(name).lineage(image) for kind in ("ARG", "ENV") for text in stage.of(kind)]
    assert not [text for text in given if SECRET.search(text)]


@every_image
def test_an_image_starts_footfall_itself_and_says_whether_it_is_well(name: str, image: str) -> None:
    dockerfile = file(name)
    assert json.loads(dockerfile.last(image, "ENTRYPOINT") or "") == ["footfall-entrypoint"]
    assert json.loads(dockerfile.last(image, "CMD") or "") == [{"text": "text-worker"}.get(image, image)]
    assert dockerfile.last(image, "STOPSIGNAL") == "SIGTERM"
    check = json.loads((dockerfile.last(image, "HEALTHCHECK") or "").partition("CMD ")[2])
    assert check[:3] == ["python", "-m", "deploy.docker.healthy"]
    assert check[3] in (dockerfile.last(image, "EXPOSE") or "").split()


@every_image
def test_an_image_sets_only_settings_there_are(name: str, image: str) -> None:
    given = [word for stage in file(name).lineage(image) for text in stage.of("ENV") for word in text.split()]
    Settings.from_env(dict(word.split("=", 1) for word in given if word.startswith("FOOTFALL_")))


@every_image
def test_machine_code_is_compiled_for_the_processor_that_it_is_looked_up_for(name: str, image: str) -> None:
    dockerfile = file(name)
    for stage in (*dockerfile.lineage(image), dockerfile.stages["packages"]):
        environment = " ".join(stage.of("ENV"))
        if "NUMBA" in environment:
            assert 'NUMBA_CPU_NAME=${CPU} NUMBA_CPU_FEATURES=""' in environment
    assert "machine_code.load()" in " ".join(dockerfile.stages["packages"].of("RUN"))


def test_the_entry_point_brings_the_machine_code_and_becomes_footfall(tmp_path: Path) -> None:
    (tmp_path / "built").mkdir()
    (tmp_path / "built" / "kernel.nbc").write_text("code")
    (tmp_path / "built").chmod(0o555)
    program = tmp_path / "bin" / "footfall"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nimport os, sys\nprint(os.getpid(), *sys.argv[1:])\n")
    program.chmod(0o755)
    environment = {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "NUMBA_CACHE_DIR": str(tmp_path / "cache" / "here"),
        "MACHINE_CODE": str(tmp_path / "built"),
    }
    for _ in range(2):  # a container that is started again has the code already
        started = subprocess.Popen(
            [FOLDER / "entrypoint.sh", "worker", "--name", "a b"], env=environment, stdout=subprocess.PIPE, text=True
        )
        assert started.communicate(timeout=10)[0] == f"{started.pid} worker --name a b\n"
        assert (tmp_path / "cache" / "here" / "kernel.nbc").read_text() == "code"
        assert (tmp_path / "cache" / "here").stat().st_mode & 0o200, "numba writes there"


def ignore_rules() -> tuple[list[str], list[str]]:
    """Patterns of .dockerignore that leave out, and what is let in by name, all else being left out."""
    lines = (REPOSITORY / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    return [rule for rule in rules[1:] if not rule.startswith("!")], [rule[1:] for rule in rules if rule[0] == "!"]
