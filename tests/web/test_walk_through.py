"""The walk-through of docs/service.md, done as it is written, on the slicks off Baniyas."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.web.sites import serving
from witoil import jobs
from witoil.case.schema import Case

ROOT = Path(__file__).parents[2]
SLICKS = ("20210824-0343-SYR-PL-B-01-S1", "20210824-0810-SYR-PL-A-01-S3")

pytestmark = pytest.mark.slow


def script(language="python", start=""):
    """Return the one block in a language of the document that begins so."""
    text = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
    pattern = rf"^```{language}\n({re.escape(start)}.*?)^```"
    (found,) = re.findall(pattern, text, re.MULTILINE | re.DOTALL)
    return found


def run(*command, folder, environment):
    """Run a command as somebody who walks through would, and return what it printed."""
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def inputs_of(folder, case):
    """Return a case with the files of a folder in place of what stands for them."""
    places = {
        f"catalogue:baniyas-{role}": str(folder / f"{role}.nc") for role in ("currents", "winds")
    }

    def placed(value):
        if isinstance(value, dict):
            return {key: placed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [placed(item) for item in value]
        return places.get(value, value) if isinstance(value, str) else value

    return placed(case)


def test_the_walk_through_gives_what_the_command_line_gives(cases, tmp_path):
    data = cases / "baniyas-2021"
    work = tmp_path / "work"
    work.mkdir()
    here = os.environ | {"WITOIL_CASES": str(cases)}
    here["PATH"] = f"{Path(sys.executable).parent}:{here['PATH']}"
    run("bash", "-ec", script("sh", "data="), folder=work, environment=here)
    assert {path.stem for path in work.glob("*.zip")} == set(SLICKS)
    with serving(tmp_path / "data", catalogue=work / "catalogue.toml") as site:
        there = here | {"WITOIL_URL": site.url, "WITOIL_TOKEN": site.token}
        walked = run(sys.executable, "-c", script(), folder=work, environment=there)
        asked = script("sh", "ask()").partition("ask -N")[0]
        answers = run("bash", "-ec", asked, folder=work, environment=there)
        assert '"reference":"upload:' in answers
        assert '"processID":"simulate"' in answers
        (told,) = site.ask("GET", "/ogc/jobs?processID=optimise").json()["jobs"]
        results = site.ask("GET", f"/ogc/jobs/{told['jobID']}/results").json()
    figures = results["result"]["value"]
    assert str(figures["best"]["parameters"]) in walked

    asked = {}
    exec(  # the case alone, as the document has it
        re.search(r"^case = \{.*?^\}", script(), re.MULTILINE | re.DOTALL)[0],
        {"stored": lambda name: str(work / name)},
        asked,
    )
    case = Case.model_validate(inputs_of(data, asked["case"]))
    expected = json.loads(json.dumps(jobs.optimise(case, tmp_path / "ours", pictures=False)))
    assert figures["best"] == expected["best"]
    for key in ("trials", "posterior"):
        assert figures.get(key) == expected.get(key)
    masks = sorted((tmp_path / "ours" / "best").glob("mask_*.tif"))
    assert masks
    for mask in masks:
        assert (work / mask.name).read_bytes() == mask.read_bytes()
    assert (work / "report.html").stat().st_size > 10_000
