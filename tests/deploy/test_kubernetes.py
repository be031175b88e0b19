"""The Kubernetes manifests: as they stand, and, where kubectl is, as each overlay makes them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from schemas.topics import INPUTS
from streams.settings import Settings
from tests.deploy.environment import settings_of

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "deploy" / "kubernetes"
OVERLAYS = ("small", "production", "gpu")
FOREIGN = ("ScaledObject", "PodMonitor")
"""Kinds that others than Kubernetes define."""
STOP_S = 10
"""Within which a worker ends."""

Manifest = dict[str, Any]


def written() -> list[Manifest]:
    """All manifests of base and components, without what makes them one."""
    files = [path for path in FOLDER.rglob("*.yaml") if path.name != "kustomization.yaml"]
    return [manifest for path in sorted(files) for manifest in yaml.safe_load_all(path.read_text())]


@cache
def made(overlay: str) -> list[Manifest]:
    """What kustomize makes of an overlay."""
    if not shutil.which("kubectl"):
        pytest.skip("no kubectl on this machine")
    ran = subprocess.run(
        ["kubectl", "kustomize", FOLDER / "overlays" / overlay], check=True, capture_output=True, text=True, timeout=60
    )
    assert ran.stderr == ""
    return list(yaml.safe_load_all(ran.stdout))


def pods(manifests: list[Manifest]) -> dict[str, Manifest]:
    """The pod templates, by the name of what makes pods of them."""
    return {
        manifest["metadata"]["name"]: manifest["spec"]["template"]
        for manifest in manifests
        if manifest["kind"] in ("Deployment", "Job")
    }


def containers(manifests: list[Manifest]) -> Iterator[Manifest]:
    for pod in pods(manifests).values():
        yield from pod["spec"].get("initContainers", [])
        yield from pod["spec"]["containers"]


def of_kind(kind: str, manifests: list[Manifest]) -> dict[str, Manifest]:
    return {manifest["metadata"]["name"]: manifest for manifest in manifests if manifest["kind"] == kind}


every_overlay = pytest.mark.parametrize("overlay", OVERLAYS)


def test_the_manifests_as_written_are_kubernetes() -> None:
    for manifest in written():
        if manifest["kind"] not in FOREIGN:
            kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


@every_overlay
def test_the_manifests_as_made_are_kubernetes(overlay: str) -> None:
    for manifest in made(overlay):
        if manifest["kind"] not in FOREIGN:
            kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def test_pods_are_restricted() -> None:
    """As Kubernetes' pod security standard of this name asks, which the namespace enforces."""
    assert len(pods(written())) == 4
    for pod in pods(written()).values():
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
        assert pod["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["spec"]["automountServiceAccountToken"] is False
    for container in containers(written()):
        security = container["securityContext"]
        assert security == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"]  # noqa: S108 - in the container
    namespaces = [yaml.safe_load(path.read_text()) for path in FOLDER.glob("overlays/*/namespace.yaml")]
    assert namespaces
    assert {space["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] for space in namespaces} == {"restricted"}


def test_containers_ask_for_what_they_need_and_are_bounded() -> None:
    for container in containers(written()):
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]


def test_what_serves_is_probed() -> None:
    for name, pod in pods(written()).items():
        for container in pod["spec"]["containers"]:
            probes = {kind: container.get(f"{kind}Probe") for kind in ("startup", "liveness", "readiness")}
            if name == "footfall-setup":
                assert not any(probes.values())
                continue
            paths = {kind: probe["httpGet"]["path"] for kind, probe in probes.items()}
            assert paths == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}
            ports = {port["name"] for port in container["ports"]}
            assert {probe["httpGet"]["port"] for probe in probes.values()} == ports


def test_no_secret_is_in_the_manifests() -> None:
    assert not of_kind("Secret", written())
    for container in containers(written()):
        for variable in container.get("env", []):
            hidden = any(word in variable["name"] for word in ("PASSWORD", "TOKEN", "KEY"))
            assert not hidden or variable["name"].endswith("_FILE"), variable


def test_each_container_has_the_secrets_that_it_reads_and_no_others(tmp_path: Path) -> None:
    script = REPOSITORY / "deploy" / "secrets.sh"
    subprocess.run([script, tmp_path], check=True, capture_output=True, timeout=30)
    for pod in pods(written()).values():
        (secret,) = [volume["secret"] for volume in pod["spec"]["volumes"] if "secret" in volume]
        mounted = {f"/run/secrets/footfall/{item['path']}" for item in secret["items"]}
        read = {
            variable["value"]
            for container in pod["spec"]["containers"]
            for variable in container["env"]
            if variable["name"].endswith("_FILE")
        }
        assert read == mounted
        assert {item["key"] for item in secret["items"]} <= {file.name for file in tmp_path.iterdir()}


@every_overlay
def test_footfall_takes_its_settings(overlay: str, tmp_path: Path) -> None:
    maps = of_kind("ConfigMap", made(overlay))
    for container in containers(made(overlay)):
        environment = {
            name: value
            for source in container["envFrom"]
            for name, value in maps[source["configMapRef"]["name"]]["data"].items()
        }
        environment |= {variable["name"]: variable["value"] for variable in container.get("env", [])}
        assert settings_of(environment, tmp_path).http == "0.0.0.0:9464"


@every_overlay
def test_images_are_of_this_version(overlay: str) -> None:
    images = {container["image"] for container in containers(made(overlay))}
    assert len(images) == 3
    assert {image.rpartition(":")[2] for image in images} == {version("footfall")}


@every_overlay
def test_workers_are_at_most_one_a_partition(overlay: str) -> None:
    manifests = made(overlay)
    (settings,) = of_kind("ConfigMap", manifests).values()
    partitions = int(settings["data"]["FOOTFALL_PARTITIONS"])
    scaled = of_kind("ScaledObject", manifests)
    assert bool(scaled) == (overlay != "small")
    for name in ("footfall-worker", "footfall-text-worker"):
        deployment = of_kind("Deployment", manifests)[name]
        if scaled:
            assert "replicas" not in deployment["spec"], "or each release would set the number back"
            assert scaled[name]["spec"]["scaleTargetRef"] == {"name": name}
            assert 1 <= scaled[name]["spec"]["minReplicaCount"] <= scaled[name]["spec"]["maxReplicaCount"] <= partitions
        else:
            assert 1 <= deployment["spec"]["replicas"] <= partitions
        # With a GPU for each, a further one would wait for a GPU, and hold up the release.
        assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}
        assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > STOP_S


@pytest.mark.parametrize("overlay", ["production", "gpu"])
def test_scaling_is_by_the_lag_of_the_groups_that_there_are(overlay: str) -> None:
    groups = {"footfall-worker": Settings().group, "footfall-text-worker": Settings().text_group}
    scaled = of_kind("ScaledObject", made(overlay))
    assert scaled.keys() == groups.keys()
    for name, manifest in scaled.items():
        spec = manifest["spec"]
        assert manifest["apiVersion"] == "keda.sh/v1alpha1"
        assert spec.keys() == {
            "scaleTargetRef", "minReplicaCount", "maxReplicaCount", "pollingInterval", "advanced", "triggers",
        }  # fmt: skip
        for trigger in spec["triggers"]:
            assert trigger["type"] == "kafka"
            assert all(isinstance(value, str) for value in trigger["metadata"].values())
            assert trigger["metadata"]["consumerGroup"] == groups[name]
            assert trigger["metadata"]["topic"] in INPUTS
            assert int(trigger["metadata"]["lagThreshold"]) > 0
        scaler = {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": name},
            "spec": {
                "scaleTargetRef": {"kind": "Deployment", "name": name},
                "maxReplicas": spec["maxReplicaCount"],
                **spec["advanced"]["horizontalPodAutoscalerConfig"],
            },
        }
        kubernetes_validate.validate(scaler, kubernetes_validate.latest_version(), strict=True)


@every_overlay
def test_what_selects_pods_selects_some(overlay: str) -> None:
    manifests = made(overlay)
    labels = [pod["metadata"]["labels"] for pod in pods(manifests).values()]
    selectors = [
        manifest["spec"]["selector"].get("matchLabels", manifest["spec"]["selector"])
        for kind in ("Deployment", "PodDisruptionBudget", "Service")
        for manifest in of_kind(kind, manifests).values()
    ]
    assert len(selectors) == 6
    for selector in selectors:
        assert len([pod for pod in labels if selector.items() <= pod.items()]) == 1
    assert all(pod["app.kubernetes.io/part-of"] == "footfall" for pod in labels)


@every_overlay
def test_each_pod_is_behind_a_policy_for_either_way(overlay: str) -> None:
    policies = of_kind("NetworkPolicy", made(overlay)).values()
    for pod in pods(made(overlay)).values():
        over = [
            policy["spec"] for policy in policies if selects(policy["spec"]["podSelector"], pod["metadata"]["labels"])
        ]
        assert sorted(way for policy in over for way in policy["policyTypes"]) == ["Egress", "Ingress"]
        open_ports = {port["port"] for policy in over for rule in policy.get("ingress", []) for port in rule["ports"]}
        served = {
            port["containerPort"] for container in pod["spec"]["containers"] for port in container.get("ports", [])
        }
        assert open_ports == served


def selects(selector: Manifest, labels: dict[str, str]) -> bool:
    by_value = selector.get("matchLabels", {}).items() <= labels.items()
    return by_value and all(
        expression["operator"] == "In" and labels.get(expression["key"]) in expression["values"]
        for expression in selector.get("matchExpressions", [])
    )


def test_the_gpu_is_asked_for_where_cuda_is() -> None:
    for container in containers(made("gpu")):
        assert ("nvidia.com/gpu" in container["resources"]["limits"]) == ("cuda" in container["image"])
    assert any("cuda" in container["image"] for container in containers(made("gpu")))
