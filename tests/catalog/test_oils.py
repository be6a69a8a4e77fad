"""Records of NOAA's ADIOS database, real and made up."""

import json
import time
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import CatalogError, UnreadableFileError, find_oils, look_up_oil, read_oil
from catalog.oils import _parse, _record

SLIPS = {"AD02547", "AD02172"}
"""Suitable records with a value that no oil has: Fahrenheit as Celsius, mN/m as N/m."""


def measured(value, unit):
    return {"value": value, "unit": unit}


def at(key, value, unit, celsius):
    return {key: measured(value, unit), "ref_temp": measured(celsius, "C")}


def record(oil_id="XX00001", name="TEST CRUDE", suitable=True, distillation=None, **properties):
    """Return a record with a density and a viscosity, changed by what a test hands in."""
    physical = {
        "densities": [at("density", 0.88, "g/cm^3", 15.0)],
        "kinematic_viscosities": [at("viscosity", 40.0, "cSt", 15.0)],
    } | properties
    return {
        "oil_id": oil_id,
        "metadata": {"name": name, "product_type": "Crude Oil NOS", "gnome_suitable": suitable},
        "sub_samples": [{"physical_properties": physical, "distillation_data": distillation or {}}],
    }


@pytest.fixture
def written(tmp_path):
    """Return the path of a record written to a folder."""

    def write(document, name="record.json"):
        path = tmp_path / name
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def adios(cases):
    return cases / "oils" / "adios.zip"


@pytest.fixture(scope="session")
def documents(adios):
    with zipfile.ZipFile(adios) as archive:
        names = [name for name in archive.namelist() if name.endswith(".json")]
        return [json.loads(archive.read(name)) for name in names]


@pytest.mark.slow
def test_every_suitable_record_loads(documents):
    suitable = [d for d in documents if d["metadata"]["gnome_suitable"]]
    records = [_record(document, "x") for document in suitable if document["oil_id"] not in SLIPS]
    assert len(suitable) == 1273
    assert len(records) == 1273 - len(SLIPS)
    assert all(500.0 < rho < 1200.0 for r in records for _, rho in r.densities)
    assert all(1e-7 < nu < 1e6 for r in records for _, nu in r.viscosities)
    assert all(100.0 < t < 1400.0 for r in records for t, _ in r.cuts)


def test_every_other_record_says_what_is_missing(documents):
    others = [d for d in documents if not d["metadata"]["gnome_suitable"]]
    messages = []
    for document in others:
        with pytest.raises(CatalogError) as caught:
            _record(document, "adios")
        messages.append(str(caught.value))
    known = ("density", "viscosity", "distillation cuts", "the mark gnome_suitable")
    assert len(messages) == 173
    slips = [m for m in messages if m.endswith("correct it in a copy of the record")]
    assert len(slips) == 3
    assert all(m.partition("missing: ")[2].startswith(known) for m in messages if m not in slips)


@pytest.mark.slow
def test_listing_the_database_is_quick(adios):
    started = time.process_time()  # of this process alone, whatever else runs
    entries = find_oils(library=adios)
    assert time.process_time() - started < 3.0
    assert len(entries) == 1446
    assert sum(entry.suitable for entry in entries) == 1273


@pytest.mark.slow
def test_a_real_record_comes_in_si(cases):
    oil = read_oil(cases / "oils" / "AD00010.json")
    assert (oil.id, oil.name) == ("AD00010", "ABU SAFAH, ARAMCO")
    assert oil == look_up_oil("ad00010", cases / "oils" / "adios.zip")


def test_a_name_of_several_records_asks_for_an_id(adios):
    with pytest.raises(CatalogError, match=r"4 records .* one of the ids AD00328, AD02094"):
        look_up_oil("ekofisk", adios)


def test_units_are_converted(written):
    oil = read_oil(
        written(
            record(
                distillation={
                    "type": "volume fraction",
                    "fraction_recovered": measured(95, "%"),
                    "cuts": [
                        {"fraction": measured(f, "%"), "vapor_temp": measured(t, "F")}
                        for f, t in ((10.0, 212.0), (60.0, 572.0))
                    ],
                },
                pour_point={"measurement": {"min_value": -20.0, "max_value": -10.0, "unit": "C"}},
                interfacial_tension_seawater=[at("tension", 25.0, "mN/m", 15.0)],
            )
        )
    )
    assert oil.densities == (pytest.approx((288.15, 880.0)),)
    assert oil.viscosities == (pytest.approx((288.15, 4e-5)),)
    assert oil.cuts == (pytest.approx((373.15, 0.1)), pytest.approx((573.15, 0.6)))
    assert oil.cuts_by_volume
    assert oil.recovered == pytest.approx(0.95)
    assert oil.pour_point == pytest.approx(263.15)
    assert oil.oil_water_interfacial_tension == pytest.approx(0.025)


def test_dynamic_viscosity_is_divided_by_density(written):
    changed = record(
        kinematic_viscosities=[], dynamic_viscosities=[at("viscosity", 44.0, "cP", 15.0)]
    )
    assert read_oil(written(changed)).viscosities == (pytest.approx((288.15, 5e-5)),)


def test_an_api_gravity_stands_in_for_density(written):
    changed = record(densities=[])
    changed["metadata"]["API"] = 10.0
    assert read_oil(written(changed)).densities == (pytest.approx((288.15, 999.1)),)


def test_the_wettest_lasting_emulsion_counts(written):
    changed = record()
    changed["sub_samples"][0]["environmental_behavior"] = {
        "emulsions": [
            {"water_content": measured(w, "%"), "visual_stability": stability}
            for w, stability in ((60, "Mesostable"), (75, "Stable"), (90, "Unstable"))
        ]
    }
    assert read_oil(written(changed)).max_water_fraction == pytest.approx(0.75)


def changed_by(document, path, value):
    """Return a copy of a record with something else at a path of keys."""
    changed = json.loads(json.dumps(document))
    *to, last = path
    place = changed
    for key in to:
        place = place[key]
    place[last] = value
    return changed


WHOLE = record(
    dynamic_viscosities=[at("viscosity", 35.0, "mPa.s", 15.0)],
    pour_point={"measurement": measured(-10.0, "C")},
    interfacial_tension_seawater=[at("tension", 25.0, "mN/m", 15.0)],
    interfacial_tension_water=[at("tension", 26.0, "mN/m", 15.0)],
    distillation={
        "type": "mass fraction",
        "fraction_recovered": measured(95, "%"),
        "cuts": [
            {"fraction": measured(f, "%"), "vapor_temp": measured(t, "C")}
            for f, t in ((10.0, 150.0), (60.0, 400.0), (80.0, 550.0))
        ],
    },
)
WHOLE["metadata"]["API"] = 29.1
WHOLE["sub_samples"][0]["environmental_behavior"] = {
    "emulsions": [{"water_content": measured(75, "%"), "visual_stability": "Stable"}]
}
PHYSICAL = ("sub_samples", 0, "physical_properties")
DISTILLATION = ("sub_samples", 0, "distillation_data")
DENSITY = (*PHYSICAL, "densities", 0, "density")
KINEMATIC = (*PHYSICAL, "kinematic_viscosities", 0, "viscosity")
DYNAMIC = (*PHYSICAL, "dynamic_viscosities", 0, "viscosity")
REFERENCE = (*PHYSICAL, "densities", 0, "ref_temp")
POUR_POINT = (*PHYSICAL, "pour_point", "measurement")
SEA = (*PHYSICAL, "interfacial_tension_seawater", 0, "tension")
FRESH = (*PHYSICAL, "interfacial_tension_water", 0, "tension")
CUTS = (*DISTILLATION, "cuts")
RECOVERED = (*DISTILLATION, "fraction_recovered")
WATER = ("sub_samples", 0, "environmental_behavior", "emulsions", 0, "water_content")
API = ("metadata", "API")
TENTHS = [
    {"fraction": measured(f, "%"), "vapor_temp": measured(t, "C")}
    for f, t in ((0.1, 150.0), (0.8, 550.0))
]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (DENSITY, measured(880.0, "g/mL"), "density 880 g/mL at 15 C, expected 0.6 to 1.2 g/mL"),
        (DENSITY, measured(0.88, "kg/m^3"), "density 0.88 kg/m.3 at 15 C, expected 600 to 1200"),
        (DENSITY, measured(88.0, "kg/m^3"), "density 88 kg/m.3"),
        (DENSITY, measured("0.88", "g/mL"), "density '0.88' at 15 C, expected a number"),
        (DENSITY, measured(True, "g/mL"), "density True at 15 C, expected a number"),
        (DENSITY, 880.0, "density 880.0 at 15 C, expected a table with value and unit"),
        (DENSITY, {"value": 0.88}, "density in None, expected one of the units"),
        (DENSITY, measured(0.88, ["g/mL"]), r"density in \['g/mL'\], expected one of the units"),
        (DENSITY, {"max_value": 0.9, "min_value": 8.8, "unit": "g/mL"}, "density 8.8 g/mL"),
        (REFERENCE, measured(288.15, "C"), "temperature 288.15 C, expected -60 to 200 C"),
        (REFERENCE, measured(15.0, "K"), "temperature 15 K, expected 213.2 to 473.1 K"),
        (KINEMATIC, measured(4e-5, "cSt"), "viscosity 4e-05 cSt at 15 C, expected 0.1 to 1e"),
        (KINEMATIC, measured(400.0, "m^2/s"), "viscosity 400 m.2/s at 15 C, expected 1e-07 to 100"),
        (KINEMATIC, measured(-40.0, "cSt"), "viscosity -40 cSt"),
        (KINEMATIC, measured(0.0, "cSt"), "viscosity 0 cSt"),
        (DYNAMIC, measured(0.035, "mPa.s"), "dynamic viscosity 0.035 mPa.s at 15 C, expected 0.1"),
        (DYNAMIC, measured(3.5e5, "Pa.s"), "dynamic viscosity 350000 Pa.s"),
        (POUR_POINT, measured(263.15, "C"), "pour point 263.15 C, expected -150 to 100 C"),
        (POUR_POINT, measured(-10.0, "K"), "pour point -10 K"),
        (SEA, measured(25.0, "N/m"), "tension 25 N/m at 15 C, expected 0.0005 to 0.073 N/m"),
        (FRESH, measured(0.025, "mN/m"), "tension 0.025 mN/m at 15 C, expected 0.5 to 73 mN/m"),
        (FRESH, measured(-1.0, "N/m"), "tension -1 N/m"),
        ((*CUTS, 1, "fraction"), measured(60.0, "1"), "distilled fraction 60 1 at 400 C"),
        ((*CUTS, 1, "vapor_temp"), measured(900.0, "C"), "cut 900 C, expected -73.15 to 800 C"),
        ((*CUTS, 0, "vapor_temp"), measured(150.0, "K"), "cut 150 K, expected 200 to 1073 K"),
        (CUTS, TENTHS, "largest distilled fraction 0.8 %, expected at least 2 %"),
        (RECOVERED, measured(95.0, "fraction"), "fraction 95 fraction, expected 0 to 1"),
        (RECOVERED, measured(0.95, "%"), "fraction recovered 0.95 %, expected at least 2 %"),
        (WATER, measured(75.0, "fraction"), "water content 75 fraction, expected 0 to 0.97"),
        (WATER, measured(0.75, "%"), "largest water content 0.75 %, expected at least 2 %"),
        (API, 2.91, "density 880 kg/m.3 at 15 C beside the API 2.91, which is 1052 kg/m.3 at 15"),
        (API, 92.1, "beside the API 92.1, which is 632.3"),
        (API, 0.88, "beside the API 0.88, which is 1068"),
        (API, 291.0, "the API 291, which is a density of 334.6 kg/m.3, expected 600 to 1200"),
        (API, -131.5, "the API -131.5, which is a density of inf"),
        (API, "29,1", "the API '29,1', expected a number"),
    ],
)
def test_a_slip_is_refused_with_the_value_as_it_is_written(written, path, value, said):
    read_oil(written(WHOLE))
    file = written(changed_by(WHOLE, path, value))
    with pytest.raises(CatalogError, match=said) as caught:
        read_oil(file)
    message = str(caught.value)
    assert message.startswith(f"{file}: oil XX00001 (TEST CRUDE): ")
    assert "\n" not in message
    assert "expected" in message


@pytest.mark.parametrize(
    ("celsius", "density", "loads"),
    [
        # the API gravity of some records is that of the density at whatever temperature
        (15.0, 0.905, True),
        (15.0, 0.908, False),
        (60.0, 0.842, True),
        (60.0, 0.881, True),
        (60.0, 0.816, True),
        (60.0, 0.812, False),
    ],
)
def test_density_and_api_gravity_agree_the_better_the_nearer_to_15_celsius(
    written, celsius, density, loads
):
    other = record(densities=[at("density", density, "g/mL", celsius)])
    other["metadata"]["API"] = 29.1  # 880.3 kg m-3
    if loads:
        read_oil(written(other))
        return
    with pytest.raises(CatalogError, match=r"beside the API 29\.1"):
        read_oil(written(other))


def test_the_density_nearest_to_15_celsius_is_that_of_the_api_gravity(written):
    other = record(densities=[at("density", 0.65, "g/mL", 0.0), at("density", 0.88, "g/mL", 16.0)])
    other["metadata"]["API"] = 29.1
    assert len(read_oil(written(other)).densities) == 2


def paths_in(document, before=()):
    """Return the paths of all that is in a document."""
    if not isinstance(document, dict | list):
        return []
    inner = document.items() if isinstance(document, dict) else enumerate(document)
    return [p for k, v in inner for p in ((*before, k), *paths_in(v, (*before, k)))]


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@pytest.mark.slow
@given(st.sampled_from(paths_in(WHOLE)), JSON)
def test_whatever_stands_in_a_record_it_is_read_or_refused_in_one_line(path, value):
    try:
        found = _record(changed_by(WHOLE, path, value), "x")
    except CatalogError as error:
        said = str(error)
        assert len(said.splitlines()) == 1
        assert len(said) < 400
        return
    assert all(600.0 <= density <= 1200.0 for _, density in found.densities)
    assert all(1e-7 <= viscosity <= 200.0 for _, viscosity in found.viscosities)


NUMBERS = {
    "densities": [(DENSITY, 0.88, "g/mL")],
    "viscosities": [(KINEMATIC, 40.0, "cSt")],
    "cuts": [((*CUTS, k, "fraction"), f, "%") for k, f in enumerate((10.0, 60.0, 80.0))],
    "oil_water_interfacial_tension": [(SEA, 25.0, "mN/m")],
    "max_water_fraction": [(WATER, 75.0, "%")],
}
"""Where a property of a record comes from, as it is written."""

RANGES = {
    "viscosities": (1e-7, 100.0),
    "cuts": (0.02, 1.0),
    "oil_water_interfacial_tension": (5e-4, 0.073),
    "max_water_fraction": (0.02, 0.97),
}


@given(st.sampled_from(sorted(NUMBERS)), st.integers(-9, 9).filter(bool))
def test_a_slip_by_powers_of_ten_is_refused_or_leaves_a_possible_value(name, power):
    document, right = WHOLE, _record(WHOLE, "x")
    for path, value, unit in NUMBERS[name]:
        document = changed_by(document, path, measured(value * 10.0**power, unit))
    try:
        found = _record(document, "x")
    except CatalogError:
        return
    # only densities of all oils differ by less than ten
    low, high = RANGES[name]
    values = np.ravel(getattr(found, name))
    assert low <= values[-1] <= high
    assert replace(found, **{name: getattr(right, name)}) == right


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"densities": []}, r"oil XX00001 \(TEST CRUDE\): missing: density of the fresh oil"),
        ({"kinematic_viscosities": []}, "missing: viscosity"),
        ({"kinematic_viscosities": "thick", "densities": 3}, "missing: density, viscosity"),
        ({"suitable": False}, "missing: the mark gnome_suitable"),
        ({"densities": [at("density", 7.3, "lb/gal", 15.0)]}, "density in 'lb/gal', expected one"),
        ({"densities": [at("density", float("nan"), "g/mL", 15.0)]}, "missing: density"),
        ({"densities": [at("density", 10**400, "g/mL", 15.0)]}, "missing: density"),
    ],
)
def test_an_unusable_record_says_why(written, change, message):
    with pytest.raises(CatalogError, match=message):
        read_oil(written(record(**change)))


def test_a_product_needs_its_distillation_and_no_mark_is_no_fault(written):
    product = record(suitable=None)
    assert read_oil(written(product)).is_crude
    product["metadata"]["product_type"] = "Residual Fuel Oil"
    with pytest.raises(CatalogError, match="missing: distillation cuts"):
        read_oil(written(product))


@pytest.mark.parametrize("text", ["{", "[1]", "\udcff", '{"oil_id": 3}', "[" * 100_000])
def test_what_is_no_record_is_refused(tmp_path, text):
    path = tmp_path / "bad.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(CatalogError, match=r"bad\.json: (not JSON|no record of ADIOS)"):
        read_oil(path)


def test_no_such_record(tmp_path):
    with pytest.raises(UnreadableFileError, match=r"no such file: .*nothing\.json"):
        read_oil(tmp_path / "nothing.json")


def test_a_folder_is_searched_and_other_json_left_out(tmp_path, written, monkeypatch):
    written(record("XX1", "Heavy one"), "a.json")
    written(record("XX2", "Light one", suitable=False), "b.json")
    written({"label": "crude"}, "label.json")
    monkeypatch.setenv("WITOIL_OILS", str(tmp_path))
    assert [(e.id, e.suitable) for e in find_oils()] == [("XX1", True), ("XX2", False)]
    assert [e.id for e in find_oils("ONE light")] == ["XX2"]
    assert [e.id for e in find_oils("xx")] == ["XX1", "XX2"]
    assert find_oils("1") == []
    assert look_up_oil("heavy ONE").id == "XX1"
    assert look_up_oil("heavy") is None


def test_a_record_without_a_mark_is_suitable_if_it_loads(tmp_path, written):
    written(record("XX1", suitable=None), "a.json")
    written(record("XX2", suitable=None, densities=[]), "b.json")
    assert [e.suitable for e in find_oils(library=tmp_path)] == [True, False]


def test_without_a_library_there_are_no_records(monkeypatch):
    monkeypatch.delenv("WITOIL_OILS", raising=False)
    assert find_oils() == []
    assert look_up_oil("EKOFISK") is None


def test_a_library_that_is_not_there_or_empty_is_refused(tmp_path):
    with pytest.raises(UnreadableFileError, match="check WITOIL_OILS"):
        find_oils(library=tmp_path / "nowhere")
    with pytest.raises(CatalogError, match="holds no record"):
        find_oils(library=tmp_path)


def test_a_broken_archive_is_refused(tmp_path):
    (tmp_path / "page.zip").write_text("<html>please log in</html>")
    with pytest.raises(UnreadableFileError, match="cannot be read as a zip"):
        find_oils(library=tmp_path / "page.zip")


def test_names_in_an_archive_lead_nowhere_and_size_is_limited(tmp_path):
    path = tmp_path / "oils.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../outside.json", json.dumps(record()))
    assert look_up_oil("XX00001", path).name == "TEST CRUDE"
    assert not (tmp_path.parent / "outside.json").exists()
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.json", b" " * 20_000_000)
    with pytest.raises(CatalogError, match="more than a record can be"):
        find_oils(library=path)


def test_text_that_is_not_a_table_is_no_record():
    assert _parse(b'"oil"', "x") == {}


def sample(name, evaporated=None, density=880.0):
    said = {} if evaporated is None else {"fraction_evaporated": measured(evaporated, "%")}
    properties = {
        "densities": [at("density", density, "kg/m^3", 15.0)],
        "kinematic_viscosities": [at("viscosity", 40.0, "cSt", 15.0)],
    }
    return {"metadata": {"name": name, **said}, "physical_properties": properties}


@pytest.mark.parametrize(
    "samples",
    [
        [sample("Evaporated 30 %", density=930.0), sample("Fresh Oil Sample")],
        [sample("A", 30.0, density=930.0), sample("B", 0.0)],
        [sample("topped at 250 C", density=930.0), sample("Fresh")],
        [sample("Unweathered"), sample("Weathered", density=930.0)],
        [sample("as received"), sample("second", density=930.0)],
        [sample("fresh", 12.0, density=930.0), sample("0", 0.0)],
    ],
)
def test_the_sample_of_the_fresh_oil_counts_wherever_it_stands(written, samples):
    document = record() | {"sub_samples": samples}
    assert read_oil(written(document)).densities == (pytest.approx((288.15, 880.0)),)


@pytest.mark.parametrize(
    "samples",
    [
        [sample("Evaporated 30 %")],
        [sample("fresh", 30.0)],
        [sample("Weathered"), sample("aged 12 h")],
        [sample("Weathered"), sample("second")],
    ],
)
def test_a_record_without_a_fresh_sample_is_refused(written, samples):
    with pytest.raises(CatalogError, match=r"found the samples .*, expected one of the fresh oil"):
        read_oil(written(record() | {"sub_samples": samples}))


def test_viscosities_measured_in_both_ways_count_together(written):
    changed = record(
        kinematic_viscosities=[at("viscosity", 5.0, "cSt", 100.0)],
        dynamic_viscosities=[at("viscosity", 44.0, "cP", 15.0)],
    )
    expected = (pytest.approx((373.15, 5e-6)), pytest.approx((288.15, 5e-5)))
    assert read_oil(written(changed)).viscosities == expected


def test_a_dynamic_viscosity_that_says_the_same_or_is_of_a_gel_does_not_count(written):
    changed = record(
        kinematic_viscosities=[at("viscosity", 50.0, "cSt", 15.0)],
        dynamic_viscosities=[
            at("viscosity", 44.5, "cP", 15.0),
            at("viscosity", 900.0, "cP", 5.0),
        ],
        pour_point={"measurement": measured(8.0, "C")},
    )
    assert read_oil(written(changed)).viscosities == (pytest.approx((288.15, 5e-5)),)
