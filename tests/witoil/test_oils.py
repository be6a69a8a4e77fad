import json
import subprocess
import sys
import zipfile

import pytest

from catalog import CatalogError
from catalog.oils import _record
from simulator import GENERIC_OILS
from witoil.case import parse_case
from witoil.cli import app
from witoil.errors import CaseError
from witoil.oils import _from_record, list_oils, oil_of


def case_with(folder=None, **oil):
    document = {
        "name": "x",
        "time": {"start": "2021-08-24T00:00:00Z", "end": "2021-08-25T00:00:00Z"},
        "forcing": {"currents": "c.nc", "winds": "w.nc"},
        "release": [{"kind": "point", "lon": 35, "lat": 35, "mass_tonnes": 1}],
        "oil": oil,
    }
    return parse_case(document) if folder is None else parse_case(document, folder=folder)


@pytest.fixture
def no_library(monkeypatch):
    monkeypatch.delenv("WITOIL_OILS", raising=False)


@pytest.fixture
def library(cases, monkeypatch):
    path = cases / "oils" / "adios.zip"
    monkeypatch.setenv("WITOIL_OILS", str(path))
    return path


def test_a_generic_oil_by_name(no_library):
    assert oil_of(case_with(name="generic-vlsfo")) is GENERIC_OILS["generic-vlsfo"]
    assert oil_of(case_with(name="Generic-Diesel")) is GENERIC_OILS["generic-diesel"]


def test_an_oil_of_an_api_gravity():
    assert oil_of(case_with(api_gravity=28.0)).density(288.15) == pytest.approx(886.35, abs=0.1)


def test_an_unknown_oil_gives_the_five_nearest(no_library):
    with pytest.raises(CaseError) as caught:
        oil_of(case_with(name="generic-ifo-280"))
    message = str(caught.value)
    assert "oil.name: found 'generic-ifo-280'" in message
    nearest = message.partition("nearest: ")[2].partition(";")[0].split(", ")
    assert len(nearest) == 5
    assert set(nearest[:2]) == {"'generic-ifo-180'", "'generic-ifo-380'"}
    assert "WITOIL_OILS" in message


def test_nearest_names_come_from_the_database_too(library):
    with pytest.raises(CaseError, match="nearest: 'Troll', ") as caught:
        oil_of(case_with(name="TROL"))
    assert "is not set" not in str(caught.value)


def test_an_oil_of_the_database_by_id_and_by_name(library):
    by_id = oil_of(case_with(name="AD00010"))
    assert by_id == oil_of(case_with(name="abu safah, aramco"))
    assert by_id.api_gravity == pytest.approx(28.4, abs=0.5)


def test_a_record_by_path_relative_to_the_case(cases, no_library):
    oil = oil_of(case_with(folder=cases / "oils", name="AD00010.json"))
    assert oil.name == "ABU SAFAH, ARAMCO"


def test_every_suitable_record_makes_an_oil(library):
    with zipfile.ZipFile(library) as archive:
        names = [name for name in archive.namelist() if name.endswith(".json")]
        documents = [json.loads(archive.read(name)) for name in names]
    oils = [
        _from_record(_record(document, "adios"))
        for document in documents
        if document["metadata"]["gnome_suitable"]
    ]
    assert len(oils) == 1273
    assert all(500.0 < oil.density(288.15) < 1100.0 for oil in oils)
    assert all(0.0 < oil.oil_water_interfacial_tension < 0.073 for oil in oils)


def test_an_unsuitable_record_is_refused_with_what_is_missing(library):
    with pytest.raises(CatalogError, match=r"EC01803.*missing: density, viscosity"):
        oil_of(case_with(name="EC01803"))


def test_generic_oils_are_listed_first(library):
    entries, has_library = list_oils()
    assert has_library
    assert [entry.name for entry in entries[: len(GENERIC_OILS)]] == list(GENERIC_OILS)
    assert len(entries) == len(GENERIC_OILS) + 1446


def oils_command(capsys, *arguments):
    app(["oils", *arguments], standalone_mode=False)
    return capsys.readouterr().out.splitlines()


def test_the_command_lists_generic_oils_and_says_how_to_get_more(capsys, no_library):
    lines = oils_command(capsys)
    assert lines[0].split() == ["id", "name", "API", "suitable"]
    assert lines[1].split() == ["generic", "generic-gasoline", "60.0", "yes"]
    assert len(lines) == 1 + len(GENERIC_OILS) + 1
    assert "set WITOIL_OILS to it" in lines[-1]


def test_the_command_searches(capsys, library):
    lines = oils_command(capsys, "ifo 180")
    assert [line.split()[0] for line in lines] == [
        *("id", "generic", "AD01676", "EC01955", "EC00612", "NO00048", "NO00049")
    ]
    assert oils_command(capsys, "olive") == ["no oil has 'olive' in its name"]


def test_an_unknown_oil_stops_a_run_before_its_data_are_read(twin):
    text = (twin / "demo.toml").read_text()
    bad = text[: text.index("[oil]")] + '[oil]\nname = "olive"\n'
    bad += "\n[model]" + text.partition("[model]")[2]
    path = twin / "olive.toml"
    path.write_text(bad.replace('"currents.nc"', '"nothing.nc"'))
    answer = subprocess.run(
        [sys.executable, "-m", "witoil", "simulate", path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2
    assert answer.stderr.startswith("witoil: oil.name: found 'olive'")
