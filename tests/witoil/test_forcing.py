"""From `[forcing]` of a case to the fields of a run, and what the coverage report says of them."""

import numpy as np
import pytest
import xarray as xr

from catalog import CatalogError, Coverage
from simulator import Status
from witoil.case import load_case, parse_case
from witoil.errors import CaseError
from witoil.scenario.prepare import prepare
from witoil.scenario.run import run

LON, LAT = np.arange(19.0, 21.01, 0.1), np.arange(34.5, 36.51, 0.1)
HOURS = np.datetime64("2021-01-01", "ns") + np.arange(25) * np.timedelta64(1, "h")
NAMES = {
    "currents": ("eastward_sea_water_velocity", "northward_sea_water_velocity"),
    "winds": ("eastward_wind", "northward_wind"),
}
METRES_PER_DEGREE = 110_950.0  # of latitude, at 35.5 N


def write(folder, role, u, v, name=None, lon=LON, lat=LAT, times=HOURS, **attrs):
    shape = (len(times), len(lat), len(lon))
    fields = {
        key: (
            ("time", "latitude", "longitude"),
            np.broadcast_to(np.asarray(value, "f4"), shape),
            {"standard_name": standard_name, "units": "m s-1"},
        )
        for key, value, standard_name in zip("uv", (u, v), NAMES[role], strict=True)
    }
    axes = {"latitude": ("latitude", lat, {"units": "degrees_north"})}
    axes["longitude"] = ("longitude", lon, {"units": "degrees_east"})
    ds = xr.Dataset(fields, coords={"time": times, **axes}, attrs=attrs)
    ds.to_netcdf(folder / (name or f"{role}.nc"), engine="netcdf4")


def case(folder, forcing='currents = "currents.nc"\nwinds = "winds.nc"', release=""):
    """Write a case of which only the fields move oil, in the open sea."""
    release = release or 'kind = "point"\nlon = 20\nlat = 35.5\nmass_tonnes = 10'
    path = folder / "case.toml"
    path.write_text(
        'name = "fields"\n[time]\nstart = 2021-01-01T00:00:00Z\nend = 2021-01-01T12:00:00Z\n'
        f'[forcing]\n{forcing}\ncoastline = "none"\n[[release]]\n{release}\n'
        "[model]\nparticles = 100\nhorizontal_diffusivity = 0\nstokes_factor = 0\n"
        "wind_drift_factor = 0.03\n[processes]\n"
        'evaporation = "off"\nemulsification = false\ndispersion = "off"\n'
        "vertical_mixing = false\nspreading = false\nsinking = false\nshore = false\n"
    )
    return load_case(path)


def travelled(scenario):
    """Return how far east and north the oil gets [m], and what becomes of it."""
    result = run(scenario)
    east, north = (
        float((result[axis][:, -1] - result[axis][:, 0]).mean()) for axis in ("lon", "lat")
    )
    metres = METRES_PER_DEGREE * np.cos(np.radians(35.5)) * 1.0028  # a parallel of the ellipsoid
    return east * metres, north * METRES_PER_DEGREE, set(np.unique(result["status"][:, -1]))


def remarks(scenario, variable):
    (found,) = [r for r in scenario.coverage if r.variable == variable]
    return "; ".join(found.remarks) if isinstance(found, Coverage) else found.action


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["error", "hold", "interpolate"])
def test_a_calm_is_a_calm_whatever_the_gap_policy(tmp_path, policy):
    calm = np.full((25, 1, 1), 10.0)
    calm[4:9] = 0.0
    write(tmp_path, "currents", 0.0, 0.0)
    write(tmp_path, "winds", 0.0, calm)
    files = f'currents = "currents.nc"\nwinds = "winds.nc"\ngap_policy = "{policy}"'
    scenario = prepare(case(tmp_path, files))
    east, north, _ = travelled(scenario)
    assert north == pytest.approx(7560.0, rel=1e-3)
    assert east == pytest.approx(0.0, abs=1.0)
    assert "taken for a calm" in remarks(scenario, "northward_wind")


@pytest.mark.slow
def test_a_calm_that_somebody_knows_to_be_a_gap_is_one(tmp_path):
    calm = np.full((25, 1, 1), 10.0)
    calm[4:9] = 0.0
    write(tmp_path, "currents", 0.1, 0.0)
    write(tmp_path, "winds", 0.0, calm)
    files = 'currents = "currents.nc"\nwinds = { files = "winds.nc", zeros = "missing" }'
    with pytest.raises(CatalogError, match=r"no data for .*set the gap policy to 'hold'"):
        prepare(case(tmp_path, files))
    _, north, _ = travelled(prepare(case(tmp_path, files + '\ngap_policy = "interpolate"')))
    assert north == pytest.approx(12_960.0, rel=1e-3)


@pytest.mark.slow
def test_a_hole_of_the_currents_is_not_the_edge_of_the_area(tmp_path):
    u = np.full((25, LAT.size, LON.size), 0.3)
    u[:, :, LON > 19.85] = np.nan
    write(tmp_path, "currents", u, 0.0 * u)
    write(tmp_path, "winds", 0.0, 10.0)
    scenario = prepare(case(tmp_path))
    assert remarks(scenario, NAMES["currents"][0]).startswith(
        "no value at 100% of the release: the nearest is taken, up to 3 nodes away"
    )
    east, north, status = travelled(scenario)
    assert status == {Status.AFLOAT}
    assert north == pytest.approx(12_960.0, rel=2e-3)
    assert 9_000.0 < east < 12_960.0


@pytest.mark.slow
def test_beyond_the_reach_of_the_currents_the_wind_is_alone(tmp_path):
    u = np.full((25, LAT.size, LON.size), 0.3)
    u[:, :, LON > 19.35] = np.nan
    write(tmp_path, "currents", u, 0.0 * u)
    write(tmp_path, "winds", 0.0, 10.0)
    scenario = prepare(case(tmp_path))
    assert "nor within 3 nodes: the wind alone moves it" in remarks(scenario, NAMES["currents"][0])
    east, north, status = travelled(scenario)
    assert (status, east) == ({Status.AFLOAT}, 0.0)
    assert north == pytest.approx(12_960.0, rel=2e-3)


def test_a_release_half_in_a_hole_says_how_much(tmp_path):
    u = np.full((25, LAT.size, LON.size), 0.3)
    u[:, :, LON > 20.05] = np.nan
    write(tmp_path, "currents", u, 0.0 * u)
    write(tmp_path, "winds", 0.0, 10.0)
    line = 'kind = "line"\ncoordinates = [[19.8, 35.5], [20.2, 35.5]]\nmass_tonnes = 10'
    found = remarks(prepare(case(tmp_path, release=line)), NAMES["currents"][0])
    assert "no value at 50% of the release" in found


@pytest.mark.slow
def test_the_edge_of_the_area_is_the_edge(tmp_path):
    write(tmp_path, "currents", 0.0, 0.0)
    write(tmp_path, "winds", 60.0, 0.0)
    place = 'kind = "point"\nlon = 20.95\nlat = 35.5\nmass_tonnes = 10'
    _, _, status = travelled(prepare(case(tmp_path, release=place)))
    assert status == {Status.LEFT_DOMAIN}


@pytest.mark.slow
def test_products_in_order_of_preference(tmp_path):
    write(tmp_path, "currents", 0.3, 0.0, "wide.nc")
    near = {"lon": np.arange(19.8, 20.21, 0.05), "lat": np.arange(35.3, 35.71, 0.05)}
    write(tmp_path, "currents", 0.0, 0.2, "near.nc", **near)
    write(tmp_path, "winds", 0.0, 0.0)
    files = 'currents = [{ files = "near.nc" }, { files = "wide.nc" }]\nwinds = "winds.nc"'
    scenario = prepare(case(tmp_path, files))
    east, north, status = travelled(scenario)
    assert status == {Status.AFLOAT}
    assert (round(east), north) == (0, pytest.approx(0.2 * 43_200.0, rel=2e-3))
    of_currents = [r for r in scenario.coverage if r.variable == NAMES["currents"][0]]
    assert [r.files[0].rpartition("/")[2] for r in of_currents] == ["near.nc", "wide.nc"]
    shares = [float(r.remarks[-1].split("serves ")[1].split("%")[0]) for r in of_currents]
    assert sum(shares) == pytest.approx(100.0, abs=1.0)
    assert 1.0 < shares[0] < 20.0


@pytest.mark.slow
def test_a_product_that_does_not_last_gives_way_to_the_next(tmp_path):
    write(tmp_path, "currents", 0.3, 0.0, "wide.nc")
    write(tmp_path, "currents", 0.0, 0.2, "early.nc", times=HOURS[:7])
    write(tmp_path, "winds", 0.0, 0.0)
    files = 'currents = [{ files = "early.nc" }, { files = "wide.nc" }]\nwinds = "winds.nc"'
    scenario = prepare(case(tmp_path, files))
    east, north, _ = travelled(scenario)
    assert north == pytest.approx(0.2 * 6 * 3600.0, rel=2e-3)
    assert east == pytest.approx(0.3 * 6 * 3600.0, rel=3e-3)
    assert any("left to the next product" in str(report) for report in scenario.coverage)


@pytest.mark.slow
def test_a_product_that_lies_elsewhere_serves_nothing(tmp_path):
    write(tmp_path, "currents", 0.3, 0.0, "wide.nc")
    write(tmp_path, "currents", 0.0, 0.2, "far.nc", lon=LON + 60.0)
    write(tmp_path, "winds", 0.0, 0.0)
    files = 'currents = [{ files = "far.nc" }, { files = "wide.nc" }]\nwinds = "winds.nc"'
    east, north, _ = travelled(prepare(case(tmp_path, files)))
    assert (east, north) == (pytest.approx(12_960.0, rel=3e-3), pytest.approx(0.0, abs=1.0))


@pytest.mark.slow
def test_a_product_of_land_alone_in_the_area_is_not_used_and_told_of(tmp_path):
    write(tmp_path, "currents", 0.3, 0.0, "wide.nc")
    u = np.full((25, LAT.size, LON.size), np.nan)
    u[:, :, -1] = 0.2
    write(tmp_path, "currents", u, u, "lake.nc", lon=LON + 0.5)
    write(tmp_path, "winds", 0.0, 0.0)
    files = 'currents = [{ files = "lake.nc" }, { files = "wide.nc" }]\nwinds = "winds.nc"'
    scenario = prepare(case(tmp_path, files))
    assert "nothing of lake.nc in the area of the run: not used" in remarks(
        scenario, NAMES["currents"][0]
    )
    assert travelled(scenario)[0] == pytest.approx(12_960.0, rel=3e-3)


def test_the_field_that_ends_the_area_is_named(tmp_path):
    write(tmp_path, "currents", 0.3, 0.0, lon=LON[:15])
    write(tmp_path, "winds", 0.0, 5.0)
    scenario = prepare(case(tmp_path))
    assert remarks(scenario, NAMES["currents"][0]).endswith(
        "ends before the winds, and the area with it: in the east at 20.40 degrees"
    )
    assert remarks(scenario, NAMES["winds"][0]) == ""


@pytest.mark.slow
def test_the_last_product_has_to_cover_what_is_left(tmp_path):
    write(tmp_path, "currents", 0.3, 0.0, "wide.nc", times=HOURS[:7])
    write(tmp_path, "currents", 0.0, 0.2, "all.nc")
    write(tmp_path, "winds", 0.0, 0.0)
    files = 'currents = [{ files = "all.nc" }, { files = "wide.nc" }]\nwinds = "winds.nc"'
    with pytest.raises(CatalogError, match=r"no data for .*wide\.nc"):
        prepare(case(tmp_path, files))


@pytest.mark.parametrize("absent", ["currents", "winds"])
def test_a_run_without_currents_or_without_wind(tmp_path, absent):
    write(tmp_path, "currents", 0.3, 0.0)
    write(tmp_path, "winds", 0.0, 10.0)
    files = "\n".join(
        f'{role} = "{"none" if role == absent else role + ".nc"}"' for role in ("currents", "winds")
    )
    scenario = prepare(case(tmp_path, files))
    east, north, status = travelled(scenario)
    assert status == {Status.AFLOAT}
    expected = (0.0, 12_960.0) if absent == "currents" else (12_960.0, 0.0)
    assert (east, north) == pytest.approx(expected, rel=3e-3, abs=1.0)
    assert any(f'{absent} = "none"' in str(report) for report in scenario.coverage)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("means", "first"), [("", "00:00"), ('means = "day"', "12:00"), ('means = "instants"', "00:00")]
)
def test_the_report_asks_what_daily_values_are(tmp_path, means, first):
    days = np.datetime64("2020-12-30", "ns") + np.arange(6) * np.timedelta64(24, "h")
    write(tmp_path, "currents", 0.3, 0.0, times=days)
    write(tmp_path, "winds", 0.0, 0.0)
    files = f'currents = "currents.nc"\nwinds = "winds.nc"\n{means}'
    (report, *_) = prepare(case(tmp_path, files)).coverage
    assert str(report.start)[11:16] == first
    asks = 'say means = "day" or means = "instants"'
    assert (asks in str(report)) == (not means)
    assert (asks in " ".join(report.as_dict()["remarks"])) == (not means)


@pytest.mark.slow
def test_each_source_may_say_what_its_values_are(tmp_path):
    days = np.datetime64("2020-12-30", "ns") + np.arange(6) * np.timedelta64(24, "h")
    for role in ("currents", "winds"):
        write(tmp_path, role, 0.1, 0.0, times=days)
    files = (
        'currents = { files = "currents.nc", means = "day" }\nwinds = "winds.nc"\n'
        'means = "instants"'
    )
    coverage = {r.variable: r for r in prepare(case(tmp_path, files)).coverage}
    assert str(coverage[NAMES["currents"][0]].start)[11:16] == "12:00"
    assert str(coverage[NAMES["winds"][0]].start)[11:16] == "00:00"


BASE = {
    "name": "x",
    "time": {"start": "2021-01-01T00:00:00Z", "end": "2021-01-02T00:00:00Z"},
    "release": [{"kind": "point", "lon": 1.0, "lat": 2.0, "mass_tonnes": 1.0}],
}


@pytest.mark.parametrize(
    ("forcing", "message"),
    [
        ({"currents": "none", "winds": "none"}, 'currents and winds: both "none"'),
        ({"currents": 3, "winds": "w.nc"}, r"forcing\.currents: found 3, expected a valid string"),
        (
            {"currents": {"file": "c.nc"}, "winds": "w.nc"},
            r"forcing\.currents\.file: unknown key; expected one of files, means, zeros",
        ),
        (
            {"currents": [{"files": "c.nc", "means": "hour"}], "winds": "w.nc"},
            r"forcing\.currents\.0\.means: found 'hour', expected 'day' or 'instants'",
        ),
        (
            {"currents": [{"files": "c.nc"}, "d.nc"], "winds": "w.nc"},
            r"forcing\.currents\.0: found .*expected a valid string",
        ),
        ({"currents": "c.nc", "winds": "w.nc", "zeros": "no"}, r"forcing\.zeros: found 'no'"),
        ({"winds": "w.nc"}, r"forcing\.currents: missing"),
    ],
)
def test_forcing_that_makes_no_sense_is_refused(forcing, message):
    with pytest.raises(CaseError, match=message):
        parse_case(BASE | {"forcing": forcing})


def test_what_a_case_says_of_its_products():
    forcing = {
        "currents": [{"files": ["a.nc", "b.nc"], "zeros": "data"}, {"files": "c.nc"}],
        "winds": ["w.nc"],
        "means": "day",
    }
    found = parse_case(BASE | {"forcing": forcing}).forcing
    first, second = found.products("currents")
    assert (first.files, first.zeros, first.means) == (["a.nc", "b.nc"], "data", "day")
    assert (second.files, second.zeros) == ("c.nc", "auto")
    assert [product.files for product in found.products("winds")] == [["w.nc"]]
    assert found.products("waves") == []


@pytest.mark.slow
def test_in_a_storm_the_area_read_is_as_wide_as_the_oil_gets(tmp_path):
    lon = np.arange(15.0, 25.01, 0.25)
    write(tmp_path, "currents", 2.0, 0.0, lon=lon)
    write(tmp_path, "winds", 40.0, 0.0, lon=lon)
    scenario = prepare(case(tmp_path))
    east, _, status = travelled(scenario)
    assert status == {Status.AFLOAT}
    assert east == pytest.approx((2.0 + 0.03 * 40.0) * 43_200.0, rel=3e-3)
    assert scenario.forcing.grid.box[2] < 25.0  # and no wider
