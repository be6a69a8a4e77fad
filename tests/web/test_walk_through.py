"""The walk-through of docs/service.md, done as it is written, on the slicks off Baniyas."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.web.people import zipped
from tests.web.sites import serving
from witoil import jobs
from witoil.case.schema import Case

ROOT = Path(__file__).parents[2]
SLICKS = ("20210824-0343-SYR-PL-B-01-S1", "20210824-0810-SYR-PL-A-01-S3")

pytestmark = pytest.mark.slow


def script():
    """Return the one block of Python in the document."""
    text = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
    (found,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return found


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
    for name in SLICKS:
        parts = (data / "observations").glob(f"{name}.*")
        (work / f"{name}.zip").write_bytes(zipped({path.name: path.read_bytes() for path in parts}))
    catalogue = tmp_path / "catalogue.toml"
    catalogue.write_text(
        "".join(
            f"[baniyas-{role}]\ntitle = '{role}'\nfiles = '{data / role}.nc'\n"
            for role in ("currents", "winds")
        )
    )
    with serving(tmp_path / "data", catalogue=catalogue) as site:
        environment = os.environ | {"WITOIL_URL": site.url, "WITOIL_TOKEN": site.token}
        walked = subprocess.run(
            [sys.executable, "-c", script()],
            cwd=work,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert walked.returncode == 0, walked.stderr
        (told,) = site.ask("GET", "/ogc/jobs?processID=optimise").json()["jobs"]
        results = site.ask("GET", f"/ogc/jobs/{told['jobID']}/results").json()
    figures = results["result"]["value"]
    assert str(figures["best"]["parameters"]) in walked.stdout

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
