"""deploy/k8s: what can be known without a cluster. Drift between code and manifests fails here."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from ringway.cli.asterisk_node import PREFIX, settings_from
from ringway.runtime.settings import load_settings

pytestmark = pytest.mark.contract

Manifest = dict[str, Any]

_ROOT = Path(__file__).parents[3]
_K8S = _ROOT / "deploy" / "k8s"
_OVERLAYS = ("dev", "ha")
_SERVICES = ("acd", "dialer", "recorder", "crm-api", "trainer")
_WORKLOADS = ("Deployment", "StatefulSet", "Job")
_NAME = "app.kubernetes.io/name"
# Who opens a connection to whom, after ARCHITECTURE.md; "outside" is anybody.
_FLOWS = {
    "acd": {"nats", "postgres", "asterisk"},
    "dialer": {"nats", "postgres", "asterisk"},
    "recorder": {"nats", "postgres", "asterisk"},
    "crm-api": {"nats", "postgres", "recorder"},
    "trainer": {"nats", "crm-api", "asterisk"},
    "asterisk": {"postgres", "dialer", "outside"},
    "migrations": {"postgres"},
    "nats": set(),
    "postgres": set(),
}


def documents(file: Path) -> list[Manifest]:
    return [d for d in yaml.safe_load_all(file.read_text(encoding="utf-8")) if d]


def resources(folder: Path) -> Iterator[tuple[Path, Manifest]]:
    """Yield what a kustomization brings together, before its patches and generators."""
    kustomization = documents(folder / "kustomization.yaml")[0]
    for entry in kustomization["resources"]:
        target = (folder / entry).resolve()
        if target.is_dir():
            yield from resources(target)
        else:
            yield from ((target, document) for document in documents(target))


def overlay(name: str) -> list[Manifest]:
    return [document for _, document in resources(_K8S / "overlays" / name)]


DEV = overlay("dev")
WORKLOADS = {d["metadata"]["name"]: d for d in DEV if d["kind"] in _WORKLOADS}
CONFIG = next(d["data"] for d in DEV if d["kind"] == "ConfigMap")


def named(kind: str, name: str) -> Manifest:
    return next(d for d in DEV if d["kind"] == kind and d["metadata"]["name"] == name)


def pod(name: str) -> Manifest:
    spec: Manifest = WORKLOADS[name]["spec"]["template"]["spec"]
    return spec


def containers(name: str) -> list[Manifest]:
    return [*pod(name).get("initContainers", ()), *pod(name)["containers"]]


def tool(name: str) -> ModuleType:
    loader = SourceFileLoader(name.replace("-", "_"), str(_ROOT / "tools" / name))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return module


SECRETS: dict[str, dict[str, str]] = tool("k8s-secrets").made_up()


def value_of(entry: Manifest) -> str:
    """Return what the variable will hold; KeyError when the name or the key does not exist."""
    if "value" in entry:
        assert isinstance(entry["value"], str), entry
        return entry["value"]
    source = entry["valueFrom"]
    match source:
        case {"secretKeyRef": {"name": str(name), "key": str(key)}}:
            return SECRETS[name][key]
        case {"configMapKeyRef": {"name": "ringway", "key": str(key)}}:
            return str(CONFIG[key])
        case {"fieldRef": {"fieldPath": "metadata.name"}}:
            return "crm-api-5d9f7c6b8d-x2k4q"
        case {"fieldRef": {"fieldPath": "status.podIP"}}:
            return "10.1.2.3"
    raise KeyError(source)


def environment(name: str) -> dict[str, str]:
    (container,) = pod(name)["containers"]
    entries = container["env"]
    values = {entry["name"]: value_of(entry) for entry in entries}
    assert len(values) == len(entries), "a variable is given twice"
    return values


# Files


@pytest.mark.parametrize(
    "file", sorted(_K8S.rglob("*.yaml")), ids=lambda p: str(p.relative_to(_K8S))
)
def test_a_file_parses_and_belongs_to_a_kustomization(file: Path) -> None:
    assert documents(file)
    if file.name == "kustomization.yaml":
        content = documents(file)[0]
        for entry in content["resources"]:
            target = file.parent / entry
            assert target.is_file() or (target / "kustomization.yaml").is_file(), entry
        for generator in content.get("configMapGenerator", ()):
            assert all((file.parent / name).is_file() for name in generator["files"])
        return
    own = documents(file.parent / "kustomization.yaml")[0]
    assert file.name in [*own["resources"], *(p["path"] for p in own.get("patches", ()))]


@pytest.mark.parametrize("name", _OVERLAYS)
def test_no_name_is_given_twice(name: str) -> None:
    seen = [(d["kind"], d["metadata"]["name"]) for d in overlay(name)]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("name", _OVERLAYS)
def test_kustomize_builds_it_and_leaves_selectors_alone(name: str) -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed")
    built = subprocess.run(
        (kubectl, "kustomize", str(_K8S / "overlays" / name)), capture_output=True, check=False
    )
    assert built.returncode == 0, built.stderr.decode()[-500:]
    after = {(d["kind"], d["metadata"]["name"]): d for d in yaml.safe_load_all(built.stdout)}
    for before in overlay(name):
        now = after[(before["kind"], before["metadata"]["name"])]
        # A label put into selectors would turn "to NATS" into "to myself".
        if before["kind"] == "NetworkPolicy":
            assert now["spec"] == before["spec"]
        elif before["kind"] in _WORKLOADS and before["kind"] != "Job":
            selector = now["spec"]["selector"]["matchLabels"]
            assert selector == before["spec"]["selector"]["matchLabels"]
            assert selector.items() <= now["spec"]["template"]["metadata"]["labels"].items()


# Settings


@pytest.mark.parametrize("name", _SERVICES)
def test_the_service_accepts_exactly_these_settings(name: str) -> None:
    service = name.replace("-", "_")
    env = environment(name)
    assert all(key.startswith(f"RINGWAY_{service.upper()}_") for key in env)
    model = importlib.import_module(f"ringway.{service}.config").Settings
    settings = load_settings(model, service=service, environ=env)
    assert settings.nats_user == service
    assert pod(name)["terminationGracePeriodSeconds"] > settings.drain_timeout_s + 5
    # Variables that Kubernetes would add look like ours and would stop the service.
    assert pod(name)["enableServiceLinks"] is False


def test_asterisk_accepts_exactly_these_settings() -> None:
    env = environment("asterisk")
    assert all(key.startswith(PREFIX) for key in env)
    settings = settings_from(env)
    nodes = json.loads(environment("acd")["RINGWAY_ACD_ARI_NODES"])
    assert nodes[0]["url"] == f"http://asterisk-0.asterisk:{settings.http_port}"
    assert nodes[0]["password"] == settings.ari_passwords["acd"]
    policy = named("NetworkPolicy", "asterisk")["spec"]
    media = {"protocol": "UDP", "port": settings.rtp_first, "endPort": settings.rtp_last}
    assert media in [port for rule in policy["ingress"] for port in rule["ports"]]


def test_every_secret_and_address_that_is_named_exists() -> None:
    for name in WORKLOADS:
        for container in containers(name):
            for entry in container.get("env", ()):
                value_of(entry)


def test_no_secret_is_in_the_repository() -> None:
    assert [d for name in _OVERLAYS for d in overlay(name) if d["kind"] == "Secret"] == []
    for name in WORKLOADS:
        for container in containers(name):
            for entry in container.get("env", ()):
                hidden = re.search(r"PASSWORD|SECRET|_DSN$", entry["name"])
                assert not (hidden and "value" in entry), entry["name"]


def test_the_message_bus_knows_every_service_with_its_subjects_only() -> None:
    module = tool("nats-config")
    assert module.TARGET.read_text(encoding="utf-8") == module.config(), "run tools/nats-config"
    program = Path(sys.prefix) / "bin" / "nats-server"
    env = {**os.environ, "HOSTNAME": "nats-0", **environment("nats")}
    checked = subprocess.run(
        (str(program), "-t", "-c", str(module.TARGET)), capture_output=True, env=env, check=False
    )
    assert checked.returncode == 0, checked.stderr.decode()


# Pods


@pytest.mark.parametrize("name", sorted(WORKLOADS))
def test_a_pod_may_do_nothing_that_it_need_not(name: str) -> None:
    spec = pod(name)
    assert spec["automountServiceAccountToken"] is False
    assert (
        named("ServiceAccount", spec["serviceAccountName"])["automountServiceAccountToken"] is False
    )
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
    security = spec["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] > 0
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in containers(name):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]
        volumes = {v["name"] for v in spec.get("volumes", ())}
        volumes |= {
            c["metadata"]["name"] for c in WORKLOADS[name]["spec"].get("volumeClaimTemplates", ())
        }
        assert {m["name"] for m in container.get("volumeMounts", ())} <= volumes


@pytest.mark.parametrize("name", sorted(set(WORKLOADS) - {"migrations"}))
def test_a_pod_is_probed_at_ports_that_it_has(name: str) -> None:
    (container,) = pod(name)["containers"]
    ports = {port["name"] for port in container["ports"]}
    for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
        probe = container[kind]
        for way in ("httpGet", "tcpSocket"):
            if way in probe:
                assert probe[way]["port"] in ports
    if name in _SERVICES:
        assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
        assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
        listens = next(
            v for k, v in environment(name).items() if re.search("(HEALTH|HTTP)_PORT$", k)
        )
        assert {"name": "http", "containerPort": int(listens)} in container["ports"]


@pytest.mark.parametrize("name", sorted(set(WORKLOADS) - {"migrations"}))
def test_a_service_leads_to_ports_of_its_pods(name: str) -> None:
    spec = named("Service", name)["spec"]
    assert spec["selector"] == {_NAME: name}
    assert WORKLOADS[name]["spec"]["selector"]["matchLabels"] == {_NAME: name}
    (container,) = pod(name)["containers"]
    has = {(p["name"], p.get("protocol", "TCP")) for p in container["ports"]}
    assert {(p["targetPort"], p["protocol"]) for p in spec["ports"]} <= has


@pytest.mark.parametrize("name", ["asterisk", *_SERVICES])
def test_a_node_may_be_emptied_by_the_book(name: str) -> None:
    spec = named("PodDisruptionBudget", name)["spec"]
    assert spec["selector"]["matchLabels"] == {_NAME: name}


@pytest.mark.parametrize("where", _OVERLAYS)
def test_the_dialer_runs_once(where: str) -> None:
    spec = WORKLOADS["dialer"]["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "Recreate"}
    patched = documents(_K8S / "overlays" / where / "kustomization.yaml")[0].get("patches", ())
    for patch in patched:
        for changed in documents(_K8S / "overlays" / where / patch["path"]):
            assert changed["metadata"]["name"] != "dialer"


def test_each_pod_of_the_acd_has_a_name_of_its_own_and_comes_before_another_leaves() -> None:
    spec = WORKLOADS["acd"]["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    settings = spec["template"]["spec"]["containers"][0]["env"]
    replica = next(each for each in settings if each["name"] == "RINGWAY_ACD_REPLICA")
    assert replica["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}


# Network


def _peers(rules: list[Manifest], direction: str) -> set[str]:
    found: set[str] = set()
    for rule in rules:
        if direction not in rule:
            found.add("outside")
        for peer in rule.get(direction, ()):
            if "podSelector" in peer:
                found.add(peer["podSelector"]["matchLabels"][_NAME])
    return found


@pytest.mark.parametrize("name", sorted(_FLOWS))
def test_a_pod_talks_to_those_of_the_architecture_only(name: str) -> None:
    spec = named("NetworkPolicy", name)["spec"]
    assert spec["podSelector"] == {"matchLabels": {_NAME: name}}
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert _peers(spec["egress"], "to") == _FLOWS[name]
    callers = {caller for caller, called in _FLOWS.items() if name in called}
    if name == "trainer":
        callers = {"asterisk"}  # which may talk to anybody: carriers and phones are anywhere
    allowed = _peers(spec["ingress"], "from")
    assert allowed - {"outside"} == callers - ({"trainer"} if "outside" in allowed else set())
    assert ("outside" in allowed) == (name in ("asterisk", "crm-api"))


def test_what_is_not_allowed_is_refused() -> None:
    spec = named("NetworkPolicy", "ringway-default-deny")["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert not {"ingress", "egress"} & spec.keys()


# Images


def test_our_images_are_of_this_release() -> None:
    version = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]["version"]
    for name in WORKLOADS:
        for container in containers(name):
            image, _, tag = container["image"].partition(":")
            assert tag
            assert tag != "latest"
            if name not in ("nats", "postgres"):
                assert image == f"localhost/ringway-{container['name']}"
                assert tag == version


def test_every_schema_is_brought_up_to_date_by_its_own_image() -> None:
    has = {p.parents[3].name for p in _ROOT.glob("services/*/src/ringway/*/migrations")}
    migrating = [c["args"][-1] for c in containers("migrations")]
    assert set(migrating) == has
    # It makes the schema that Asterisk writes call records into.
    assert migrating[0] == "dialer"
    for container in containers("migrations"):
        assert container["name"].replace("-", "_") == container["args"][-1]
