"""Records of NOAA's ADIOS database, real and made up."""

import json
import time
import zipfile

import pytest

from catalog import CatalogError, UnreadableFileError, find_oils, look_up_oil, read_oil
from catalog.oils import _parse, _record


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


def test_every_suitable_record_loads(documents):
    suitable = [d for d in documents if d["metadata"]["gnome_suitable"]]
    records = [_record(document, "adios") for document in suitable]
    assert len(records) == 1273
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
    assert all(m.partition("missing: ")[2].startswith(known) for m in messages)


def test_listing_the_database_is_quick(adios):
    started = time.perf_counter()
    entries = find_oils(library=adios)
    assert time.perf_counter() - started < 3.0
    assert len(entries) == 1446
    assert sum(entry.suitable for entry in entries) == 1273


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


@pytest.mark.parametrize("tension", [43.3, -1.0])
def test_an_impossible_interfacial_tension_counts_as_not_measured(written, tension):
    changed = record(interfacial_tension_water=[at("tension", tension, "N/m", 15.0)])
    assert read_oil(written(changed)).oil_water_interfacial_tension is None


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
