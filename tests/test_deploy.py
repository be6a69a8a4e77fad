"""Files of `deploy/` say the same as the program: what they start is there, and what they copy."""

import re
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"


@pytest.fixture(scope="module")
def services():
    document = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return document["services"]


@pytest.fixture(scope="module")
def kubernetes():
    """What Kubernetes is told, by kind and name."""
    documents = yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())
    return {(each["kind"], each["metadata"]["name"]): each for each in documents}


def pods(kubernetes):
    made = ("Deployment", "StatefulSet")
    return {
        name: each["spec"]["template"] for (kind, name), each in kubernetes.items() if kind in made
    }


def test_kubernetes_takes_it(kubernetes):
    for each in kubernetes.values():
        kubernetes_validate.validate(each, kubernetes_validate.latest_version(), strict=True)
    wrong = {**kubernetes["Service", "witoil"], "specs": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, kubernetes_validate.latest_version(), strict=True)


def test_parts_of_kubernetes_find_each_other(kubernetes):
    labels = [pod["metadata"]["labels"] for pod in pods(kubernetes).values()]
    for (kind, name), each in kubernetes.items():
        if kind == "Service":
            (pod,) = [it for it in pods(kubernetes).values() if is_of(each["spec"]["selector"], it)]
            assert pod["spec"]["containers"], name
        elif kind in ("Deployment", "StatefulSet"):
            assert each["spec"]["selector"]["matchLabels"] in labels
    claims = {name for kind, name in kubernetes if kind == "PersistentVolumeClaim"}
    for pod in pods(kubernetes).values():
        for volume in pod["spec"].get("volumes", ()):
            assert volume["persistentVolumeClaim"]["claimName"] in claims
        named = {it["name"] for it in pod["spec"].get("volumes", ())} | {"database"}
        for container in pod["spec"]["containers"]:
            assert {it["name"] for it in container["volumeMounts"]} <= named
            for source in container.get("envFrom", ()):
                assert ("ConfigMap", source["configMapRef"]["name"]) in kubernetes
    host = kubernetes["ConfigMap", "witoil"]["data"]["WITOIL_DATABASE"].split("@")[1].split("/")[0]
    assert ("Service", host) in kubernetes


def is_of(selector, pod):
    return selector.items() <= pod["metadata"]["labels"].items()


def test_probes_of_kubernetes_are_let_in(kubernetes):
    from web.api.health import blueprint, live, ready

    (web, _) = pods(kubernetes)["witoil-web"]["spec"]["containers"]
    asked = [web[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")]
    assert [it["path"] for it in asked] == [
        f"{blueprint.url_prefix}/{it.__name__}" for it in (live, live, ready)
    ]
    named = kubernetes["ConfigMap", "witoil"]["data"]["WITOIL_SERVED_AS"].split(",")
    for each in asked:
        assert each["httpHeaders"] == [{"name": "Host", "value": named[-1]}]


def test_all_parts_are_there(services):
    assert set(services) == {
        *("database", "folder", "web", "preview", "runner", "scheduler", "worker"),
    }


def test_settings_are_those_of_the_program(services, kubernetes):
    from web.settings import PREFIX, Settings

    image = (DEPLOY / "Dockerfile").read_text()
    named = {name for each in services.values() for name in each.get("environment", {})}
    named |= set(kubernetes["ConfigMap", "witoil"]["data"])
    named |= set(re.findall(r"\b(WITOIL_[A-Z_]+)=", image))
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {"WITOIL_CACHE"}
    assert {name for name in named if name.startswith(PREFIX)} <= known


def test_image_has_all_packages():
    image = (DEPLOY / "Dockerfile").read_text()
    pyproject = (ROOT / "pyproject.toml").read_text()
    packages = re.search(r"^packages = \[(.*)\]$", pyproject, re.MULTILINE)[1]
    wanted = re.findall(r'"(\w+)"', packages)
    for package in wanted:
        assert f"COPY {package} ./{package}" in image
        assert f"!{package}\n" in (ROOT / ".dockerignore").read_text()


def test_what_waits_for_a_part_waits_for_one_that_is_there(services):
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)


def test_health_is_asked_where_it_is_told():
    from web.api.health import blueprint, ready

    (asked,) = re.findall(r"8000(/[\w/]+)'", (DEPLOY / "Dockerfile").read_text())
    assert asked == f"{blueprint.url_prefix}/{ready.__name__}"
