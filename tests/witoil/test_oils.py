import json
import subprocess
import sys
import zipfile
from dataclasses import replace

import pytest

import simulator
from catalog import CatalogError, oil_measurements
from catalog.oils import _record
from simulator import GENERIC_OILS
from simulator.plausible import RANGES
from tests.simulator.builders import START, currents, field, winds
from witoil.case import parse_case
from witoil.cli.main import app
from witoil.errors import CaseError
from witoil.scenario.oils import _from_record, list_oils, oil_of, remarks_on

SLIPS = {
    # the first two in a single value; the others in values that contradict one another
    "AD02547": "temperature of a distillation cut 897 C, expected -73.15 to 800 C",
    "AD02172": "interfacial tension 43.3 N/m at 15 C, expected 0.0005 to 0.073 N/m",
    "AD01432": r"0.000295 m2 s-1 at 313.15 K and 2.45e-06 m2 s-1 at 323.15 K",
    "AD00121": r"viscosities that make 3.05 m2 s-1 .* 12.9 API that flow",
    "AD02219": "a Watson factor of 14.1, expected 8 to 14",
}
"""Suitable records of the database with a value that no oil has, and what is said of it."""


NOTHING = {
    **dict.fromkeys(("evaporation", "dispersion"), "off"),
    **dict.fromkeys(("emulsification", "vertical_mixing", "spreading", "sinking"), False),
}


def case_with(folder=None, keys=None, **oil):
    document = {
        "name": "x",
        "time": {"start": "2021-08-24T00:00:00Z", "end": "2021-08-25T00:00:00Z"},
        "forcing": {"currents": "c.nc", "winds": "w.nc"},
        "release": [{"kind": "point", "lon": 35, "lat": 35, "mass_tonnes": 1}],
        "oil": oil,
        **(keys or {}),
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


@pytest.mark.slow
def test_every_suitable_record_makes_an_oil(library):
    with zipfile.ZipFile(library) as archive:
        names = [name for name in archive.namelist() if name.endswith(".json")]
        documents = [json.loads(archive.read(name)) for name in names]
    oils = [
        _from_record(_record(document, "adios"))
        for document in documents
        if document["metadata"]["gnome_suitable"] and document["oil_id"] not in SLIPS
    ]
    assert len(oils) == 1273 - len(SLIPS)
    assert all(500.0 < oil.density(288.15) < 1100.0 for oil in oils)
    assert all(0.0 < oil.oil_water_interfacial_tension < 0.073 for oil in oils)


@pytest.mark.parametrize("record", SLIPS)
def test_a_slip_in_a_suitable_record_is_refused_with_place_and_value(library, record):
    with pytest.raises((CaseError, CatalogError), match=SLIPS[record]) as caught:
        oil_of(case_with(name=record))
    assert record in str(caught.value)
    assert str(caught.value).endswith("in a copy of the record") or "correct it" in str(
        caught.value
    )


def test_a_contradiction_in_a_file_names_the_file(cases, tmp_path, no_library):
    document = json.loads((cases / "oils" / "AD00010.json").read_text())
    properties = document["sub_samples"][0]["physical_properties"]
    properties["kinematic_viscosities"] = [
        {"viscosity": {"value": 8.0, "unit": "m^2/s"}, "ref_temp": {"value": 15.0, "unit": "C"}}
    ]
    path = tmp_path / "own.json"
    path.write_text(json.dumps(document))
    with pytest.raises(CaseError, match=r"own\.json: oil 'ABU SAFAH, ARAMCO': found viscosities"):
        oil_of(case_with(name=str(path)))


def test_records_and_the_simulator_have_the_same_ranges():
    quantities = {
        "temperature": oil_measurements.REFERENCE_TEMPERATURE,
        "density": oil_measurements.DENSITY,
        "viscosity": oil_measurements.KINEMATIC_VISCOSITY,
        "max_water_fraction": oil_measurements.WATER_CONTENT,
        "oil_water_interfacial_tension": oil_measurements.INTERFACIAL_TENSION,
        "pour_point": oil_measurements.POUR_POINT,
        "cut_temperature": oil_measurements.BOILING_TEMPERATURE,
        "fraction": oil_measurements.DISTILLED,
    }
    assert quantities.keys() == RANGES.keys() - {"boiling_points"}  # which no record has
    for name, quantity in quantities.items():
        assert (quantity.low, quantity.high) == RANGES[name]


def sea(temperature=None):
    """Make a calm sea of a temperature, a number or a function of (t, lon, lat). [K]"""
    return simulator.Forcing.from_datasets(
        currents(),
        winds(),
        temperature=None if temperature is None else field((simulator.TEMPERATURE,), temperature),
        start=START,
        stokes_drift="none",
    )


COLD = sea(lambda t, lon, lat: 243.0 + lat)


@pytest.mark.parametrize(
    ("forcing", "keys", "said"),
    [
        (sea(), {}, None),
        (sea(), {"model": {"water_temperature_celsius": 5}}, "and the sea is as cold as 5 C"),
        (COLD, {}, "pour point 12 C, and the sea is as cold as 4.85 C"),
        (COLD, {"processes": NOTHING}, None),
        (sea(288.0), {"model": {"water_temperature_celsius": -2}}, None),
    ],
)
def test_a_sea_so_cold_that_the_oil_sets_is_said(forcing, keys, said):
    waxy = replace(GENERIC_OILS["generic-light-crude"], pour_point=285.15)
    case = case_with(name="generic-light-crude", keys=keys)
    remarks = [str(remark) for remark in remarks_on(case, waxy, forcing)]
    assert len(remarks) == (said is not None)
    assert all(said in remark for remark in remarks)


def test_what_of_a_record_was_left_out_is_said(library):
    case = case_with(name="AD01119", keys={"processes": NOTHING})
    (remark,) = remarks_on(case, oil_of(case), sea())
    assert str(remark).startswith("oil: the density 650 kg m-3 at 0 C is left out")


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


@pytest.mark.slow
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
