"""Files of `deploy/` say the same as the program: what they start is there, and what they copy."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"


@pytest.fixture(scope="module")
def services():
    document = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return document["services"]


def test_all_parts_are_there(services):
    assert set(services) == {
        *("database", "folder", "web", "preview", "runner", "scheduler", "worker"),
    }


def test_settings_are_those_of_the_program(services):
    from web.settings import PREFIX, Settings

    image = (DEPLOY / "Dockerfile").read_text()
    named = {name for each in services.values() for name in each.get("environment", {})}
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
