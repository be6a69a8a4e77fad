import re
import tomllib
from pathlib import Path

import pytest

from witoil import case
from witoil.case.tunables import TUNABLES

ROOT = Path(__file__).parents[2]
TABLES = (
    case.Case,
    case.Period,
    case.Forcing,
    case.AreaRelease,
    case.PointRelease,
    case.LineRelease,
    case.ShipRelease,
    case.Fix,
    case.Oil,
    case.Model,
    case.ProcessSwitches,
    case.Shore,
    case.ObservationFiles,
    case.ClassWeights,
    case.Score,
    case.Optimise,
    case.Forecast,
    case.Trace,
    case.Ensemble,
    case.ForcingProduct,
    case.Normal,
)


def test_every_key_of_the_case_file_is_documented():
    text = (ROOT / "docs" / "case-file.md").read_text(encoding="utf-8")
    keys = {key for table in TABLES for key in table.model_fields} | set(TUNABLES)
    missing = {key for key in keys - {"folder"} if not re.search(rf"\W{key}\W", text)}
    assert not missing


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("*/*.md")))
def test_links_within_the_project_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.toml")), ids=lambda p: p.stem)
def test_examples_are_valid_cases(path, monkeypatch):
    monkeypatch.setenv("WITOIL_CASES", "/somewhere")
    assert case.load_case(path).name
    document = tomllib.loads(path.read_text())
    assert "release" in document or "trace" in document
