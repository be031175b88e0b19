"""docker-compose.yml, as far as it can be judged without Docker.

compose-spec.json is the Compose Specification's schema (https://github.com/compose-spec/compose-spec, Apache-2.0).
"""

from __future__ import annotations

import json
import re
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import click
import pytest
import yaml
from jsonschema import Draft7Validator

from deploy.docker.healthy import HOST
from streams.commands import main
from streams.settings import Settings
from tests.deploy.dockerfile import parsed
from tests.deploy.environment import settings_of

REPOSITORY = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
ONE_SHOT = {"topics", "migrate"}
PINNED = re.compile(r"[\w./-]+:v?\d+\.\d+\.\d+[\w.-]*")

every_service = pytest.mark.parametrize("name", SERVICES)
each_of_ours = pytest.mark.parametrize("name", OURS)


def test_it_is_a_compose_file() -> None:
    schema = json.loads(Path(__file__).with_name("compose-spec.json").read_text())
    assert [error.message for error in Draft7Validator(schema).iter_errors(COMPOSE)] == []


@every_service
def test_an_image_is_pinned(name: str) -> None:
    assert PINNED.fullmatch(SERVICES[name]["image"])


@each_of_ours
def test_our_images_are_of_this_version_and_built_here(name: str) -> None:
    service = OURS[name]
    assert service["image"].endswith(":" + version("footfall"))
    assert service["build"]["target"] in parsed(REPOSITORY / service["build"]["dockerfile"]).stages


@every_service
def test_only_loopback_reaches_it(name: str) -> None:
    assert all(port.startswith(f"{HOST}:") for port in SERVICES[name].get("ports", []))
    assert bool(SERVICES[name].get("ports")) == ("outside" in SERVICES[name]["networks"])


@every_service
def test_it_is_limited_and_watched_and_comes_back(name: str) -> None:
    service = SERVICES[name]
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    assert service["restart"] == ("no" if name in ONE_SHOT else "unless-stopped")
    assert "max-size" in service["logging"]["options"]
    if name in ONE_SHOT:
        assert service["healthcheck"] == {"disable": True}
    elif name in OURS:  # as the image says
        dockerfile = parsed(REPOSITORY / service["build"]["dockerfile"])
        assert dockerfile.last(service["build"]["target"], "HEALTHCHECK")
        assert "healthcheck" not in service
    else:
        assert service["healthcheck"]["test"]


@every_service
def test_it_gains_no_privileges(name: str) -> None:
    assert "no-new-privileges:true" in SERVICES[name]["security_opt"]
    assert not SERVICES[name].get("privileged")
    if name in OURS:
        assert (SERVICES[name]["read_only"], SERVICES[name]["cap_drop"]) == (True, ["ALL"])
        assert SERVICES[name]["tmpfs"]


def test_what_is_named_is_declared_and_what_is_declared_is_used() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]
    used = {
        "volumes": {mount.split(":")[0] for mount in mounts if not mount.startswith(".")},
        "networks": {network for service in SERVICES.values() for network in service["networks"]},
        "secrets": {source(secret) for service in SERVICES.values() for secret in service.get("secrets", [])},
    }
    assert {kind: set(COMPOSE[kind]) for kind in used} == used
    waited_for = {other for service in SERVICES.values() for other in service.get("depends_on", {})}
    assert waited_for <= SERVICES.keys()


def test_workers_and_console_wait_for_what_is_set_up() -> None:
    for name, service in OURS.items():
        conditions = {other: how["condition"] for other, how in service["depends_on"].items()}
        wanted = {"topics": {"kafka"}, "migrate": {"clickhouse"}}.get(name, ONE_SHOT)
        assert conditions.keys() == wanted
        assert set(conditions.values()) == {"service_healthy" if name in ONE_SHOT else "service_completed_successfully"}


def test_what_is_mounted_from_here_is_here() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", []) if mount.startswith(".")]
    assert mounts
    for mount in mounts:
        path, _, options = mount.partition(":")
        assert options.endswith(":ro")
        assert (REPOSITORY / path).exists(), path


def test_no_secret_is_in_the_file() -> None:
    for secret in COMPOSE["secrets"].values():
        ignored = subprocess.run(["git", "-C", REPOSITORY, "check-ignore", "-q", secret["file"]], check=False)
        assert ignored.returncode == 0, secret
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|TOKEN|SECRET|(^|_)KEY", name):
                assert name.endswith("_FILE"), name
                assert value.startswith("/run/secrets/"), name
            assert not re.search(r"://[^/@]*:[^/@]*@", str(value)), name


@every_service
def test_it_reads_only_secrets_that_it_is_given(name: str) -> None:
    given = {source(secret) for secret in SERVICES[name].get("secrets", [])}
    read = {
        value.removeprefix("/run/secrets/")
        for value in map(str, SERVICES[name].get("environment", {}).values())
        if value.startswith("/run/secrets/")
    }
    mounted_elsewhere = {"clickhouse_admin.xml"} if name == "clickhouse" else set()
    assert given == read | mounted_elsewhere | read_by_configuration(name)


def read_by_configuration(name: str) -> set[str]:
    """Secrets that files name which a service mounts as a folder."""
    folders = [mount.split(":")[0] for mount in SERVICES[name].get("volumes", []) if mount.startswith("./")]
    files = [path for folder in folders for path in (REPOSITORY / folder).rglob("*.yml")]
    return {secret for path in files for secret in re.findall(r"/run/secrets/(\w+)", path.read_text())}


@each_of_ours
def test_footfall_takes_its_settings(name: str, tmp_path: Path) -> None:
    settings = settings_of(OURS[name]["environment"], tmp_path)
    assert settings.kafka == "kafka:9092"
    assert settings.partitions == Settings().partitions


@each_of_ours
def test_it_runs_a_command_that_there_is(name: str) -> None:
    service = OURS[name]
    dockerfile = parsed(REPOSITORY / service["build"]["dockerfile"])
    words = service.get("command") or json.loads(dockerfile.last(service["build"]["target"], "CMD") or "")
    command: click.Command | None = main
    context = click.Context(main)
    for word in words:
        if word.startswith("-"):
            assert command
            assert word in [option for param in command.params for option in param.opts]
        else:
            assert isinstance(command, click.Group)
            command = command.get_command(context, word)
    assert command


def test_workers_are_at_most_one_a_partition() -> None:
    assert 2 <= SERVICES["worker"]["deploy"]["replicas"] <= Settings().partitions


def test_a_gpu_is_asked_for_only_where_one_is_wanted() -> None:
    with_gpu = {name for name, service in SERVICES.items() if "reservations" in service["deploy"]["resources"]}
    assert with_gpu == {"text-worker-gpu"}
    assert [name for name, service in SERVICES.items() if service.get("profiles")] == ["text-worker-gpu"]


def test_clickhouse_knows_the_administrator_and_no_default_user() -> None:
    users = xml("deploy/clickhouse/users.d/footfall.xml").find("users")
    assert users is not None
    assert {user.tag: user.get("remove") for user in users} == {"default": "remove", "footfall_admin": None}
    assert users.findtext("footfall_admin/access_management") == "1"
    assert users.find("footfall_admin/password") is None
    assert xml("deploy/clickhouse/config.d/footfall.xml").tag == "clickhouse"


def test_grafana_asks_the_database_that_the_tables_are_in() -> None:
    script = (REPOSITORY / "deploy" / "secrets.sh").read_text()
    (database,) = re.findall(r"clickhouse://clickhouse:9000/(\w+)", script)
    files = list((REPOSITORY / "deploy" / "grafana" / "provisioning" / "datasources").glob("*.yml"))
    assert files
    sources = [source for path in files for source in yaml.safe_load(path.read_text())["datasources"]]
    asked = {source["jsonData"]["defaultDatabase"] for source in sources if "clickhouse" in source["type"]}
    assert asked <= {database}


def xml(path: str) -> ElementTree.Element:
    return ElementTree.parse(REPOSITORY / path).getroot()  # noqa: S314 - the project's own


def source(secret: str | dict[str, str]) -> str:
    return secret if isinstance(secret, str) else secret["source"]
