"""From the releases of a case to those of the simulator."""

import json

import geopandas
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import Affine

import simulator
from catalog import CatalogError
from witoil.case import load_case, parse_case
from witoil.errors import CaseError
from witoil.scenario.changes import particles_with
from witoil.scenario.prepare import prepare
from witoil.scenario.releases import releases_of
from witoil.scenario.run import run

DENSITY = 900.0
SHEEN = shapely.box(35.0, 33.0, 35.2, 33.1)
THICK = shapely.box(35.0, 33.0, 35.02, 33.1)
START, END = "2021-08-24T03:00:00Z", "2021-08-24T15:00:00Z"
T0 = np.datetime64("2021-08-24T03:00", "ns")
HOUR = np.timedelta64(3600, "s")


def write(path, shape):
    geopandas.GeoDataFrame({"n": [1]}, geometry=[shape], crs="EPSG:4326").to_file(path)
    return path.name


@pytest.fixture
def releases(tmp_path):
    write(tmp_path / "slick.shp", SHEEN)
    write(tmp_path / "slick_sheen.shp", SHEEN)
    write(tmp_path / "slick_thick.shp", THICK)
    write(tmp_path / "pipe.geojson", shapely.LineString([(35.0, 33.0), (35.2, 33.0)]))

    def make(**release):
        document = {
            "name": "a case",
            "time": {"start": START, "end": END},
            "forcing": {"currents": "c.nc", "winds": "w.nc"},
            "release": [release],
        }
        return releases_of(parse_case(document, folder=tmp_path), 0, DENSITY)

    return make


def volumes(parts):
    """Return m3 from each km2."""
    return [p.mass / DENSITY / (1e-6 * simulator.area_of(p.geometry)) for p in parts]


def slick(*names, **options):
    return {"kind": "area", "geometry": list(names)} | options


BOTH = ("slick_sheen.shp", "slick_thick.shp")


@pytest.mark.parametrize(
    ("estimate", "sheen", "thick"),
    [("minimum", 0.04, 5.0), ("maximum", 0.3, 50.0), ("mean", 0.012**0.5, 250.0**0.5)],
)
def test_thickness_by_name_follows_the_bonn_code(releases, estimate, sheen, thick):
    parts = releases(**slick(*BOTH, thickness_class="by-name", bonn_estimate=estimate))
    np.testing.assert_allclose(volumes(parts), [thick, sheen])
    assert parts[0].geometry.equals(THICK)
    assert parts[1].geometry.equals(SHEEN - THICK)


@pytest.mark.parametrize(
    ("kind", "volume"), [("by-name", 0.012**0.5), ("sheen", 0.012**0.5), ("thick", 250.0**0.5)]
)
def test_a_slick_without_classes_is_what_the_case_says_or_sheen(releases, kind, volume):
    np.testing.assert_allclose(
        volumes(releases(**slick("slick.shp", thickness_class=kind))), [volume]
    )


def test_the_volume_of_a_real_slick_is_that_of_its_chart(cases):
    """MIN_VOLUME of 20210824-0810-SYR-PL-A-01-S3, which has no thick class: 1.14 m3."""
    name = "baniyas-2021/observations/20210824-0810-SYR-PL-A-01-S3.shp"
    document = {
        "name": "a case",
        "time": {"start": START, "end": END},
        "forcing": {"currents": "c.nc", "winds": "w.nc"},
        "release": [slick(name, thickness_class="by-name", bonn_estimate="minimum")],
    }
    (part,) = releases_of(parse_case(document, folder=cases), 0, DENSITY)
    assert part.mass / DENSITY == pytest.approx(1.14, abs=0.005)


def test_a_known_mass_is_shared_by_volume_where_both_classes_are_named(releases):
    parts = releases(**slick(*BOTH, mass_tonnes=7, bonn_estimate="maximum"))
    assert sum(p.mass for p in parts) == pytest.approx(7e3)
    volume = dict(zip(("sheen", "thick"), volumes(parts), strict=True))
    assert volume["thick"] / volume["sheen"] == pytest.approx(50 / 0.3)
    (alone,) = releases(**slick("slick.shp", mass_tonnes=7))
    assert alone.mass == 7e3


def test_a_thickness_is_one_for_all_or_one_for_each_file(releases):
    (even,) = releases(**slick(*BOTH, thickness_um=3))
    assert volumes([even]) == pytest.approx([3.0])
    assert even.geometry.equals(SHEEN)
    parts = releases(**slick(*BOTH, thickness_um=[0.2, 20]))
    np.testing.assert_allclose(volumes(parts), [20.0, 0.2])
    assert parts[1].geometry.equals(SHEEN - THICK)


@pytest.mark.parametrize("mass", [None, 2.0])
def test_a_raster_of_thicknesses(releases, tmp_path, mass):
    values = np.array([[1.0, 4.0]], np.float32)
    options = {"transform": Affine(0.1, 0, 35, 0, -0.1, 33.1), "crs": "EPSG:4326"}
    with rasterio.open(
        tmp_path / "o.tif", "w", width=2, height=1, count=1, dtype="float32", **options
    ) as file:
        file.write(values[None])
    given = {} if mass is None else {"mass_tonnes": mass}
    (part,) = releases(**slick("o.tif", raster_values="thickness_um", **given))
    true = simulator.area_of(SHEEN) * 2.5e-6 * DENSITY if mass is None else 1e3 * mass
    assert part.mass == pytest.approx(true)
    oil = simulator.seed_particles([part], 5000, seed=1)
    assert (oil.longitude > 35.1).mean() == pytest.approx(0.8, abs=1e-3)


def test_a_slick_may_be_old_and_appear_steadily(releases):
    (part,) = releases(**slick("slick.shp", mass_tonnes=1, age_hours=6, end="2021-08-24T05:00:00Z"))
    assert (part.time, part.end, part.age) == (T0, T0 + 2 * HOUR, 6 * 3600.0)


@pytest.mark.parametrize(
    ("options", "mass", "end"),
    [
        ({"mass_tonnes": 3}, 3e3, 0),
        ({"mass_tonnes": 3, "end": "2021-08-24T05:00:00Z"}, 3e3, 2),
        ({"rate_tonnes_per_hour": 3}, 36e3, 12),
        ({"rate_tonnes_per_hour": 3, "end": "2021-08-24T05:00:00Z"}, 6e3, 2),
    ],
)
@pytest.mark.parametrize(
    "kind",
    [
        {"kind": "point", "lon": 395.0 - 360.0, "lat": 33.0},
        {"kind": "line", "coordinates": [[35.0, 33.0], [35.2, 33.0]]},
        {"kind": "line", "geometry": "pipe.geojson"},
    ],
)
def test_fresh_oil_comes_at_once_or_steadily(releases, kind, options, mass, end):
    (part,) = releases(**kind, **options)
    assert part.mass == pytest.approx(mass)
    assert (part.time, part.end) == (T0, T0 + end * HOUR)
    assert (part.depth, part.age) == (0.0, 0.0)
    assert np.isnan(part.droplet_diameter)
    assert part.geometry.bounds[:2] == (35.0, 33.0)


@pytest.mark.parametrize(("given", "diameter"), [({}, 1e-3), ({"droplet_diameter_um": 70}, 70e-6)])
def test_oil_at_depth_comes_in_droplets(releases, given, diameter):
    well = {"kind": "point", "lon": -88.0, "lat": 28.7, "mass_tonnes": 3, "depth_m": 1500}
    (part,) = releases(**well, age_hours=1, **given)
    assert (part.depth, part.age) == (1500.0, 3600.0)
    assert part.droplet_diameter == pytest.approx(diameter)


def fixes(*hours, day=24):
    return [
        {"time": f"2021-08-{day}T{hour:02}:00:00Z", "lon": 35.0 + 0.01 * hour, "lat": 33.0}
        for hour in hours
    ]


def write_track(path, track):
    line = [[fix["lon"], fix["lat"]] for fix in track]
    feature = {
        "type": "Feature",
        "properties": {"times": [fix["time"] for fix in track]},
        "geometry": {"type": "LineString", "coordinates": line},
    }
    path.write_text(json.dumps(feature))
    return path.name


@pytest.mark.parametrize("in_file", [False, True])
def test_a_ship_lets_oil_out_along_its_track(releases, tmp_path, in_file):
    track = fixes(4, 6, 9)
    track = write_track(tmp_path / "track.geojson", track) if in_file else track
    (part,) = releases(kind="ship", track=track, rate_tonnes_per_hour=2)
    assert part.mass == pytest.approx(10e3)
    assert (part.time, part.end) == (T0 + HOUR, T0 + 6 * HOUR)
    (part,) = releases(kind="ship", track=track, mass_tonnes=2, start="2021-08-24T05:00:00Z")
    assert part.mass == 2e3
    np.testing.assert_allclose(part.geometry.bounds, (35.05, 33.0, 35.09, 33.0))


@pytest.mark.parametrize(
    ("track", "options", "message"),
    [
        (fixes(4, 16), {}, r"found the time 2021-08-24T16:00Z, expected one within the run"),
        (fixes(1, 9), {}, r"found the time 2021-08-24T01:00Z, expected one within the run"),
        (
            fixes(4, 6),
            {"end": "2021-08-24T07:00:00Z"},
            r"end: found 2021-08-24T07:00Z, expected a time within the track",
        ),
    ],
)
def test_a_track_of_a_file_that_does_not_fit_is_refused(
    releases, tmp_path, track, options, message
):
    name = write_track(tmp_path / "track.geojson", track)
    with pytest.raises(CaseError, match=rf"^release\.0: {message}"):
        releases(kind="ship", track=name, mass_tonnes=2, **options)


def test_a_file_that_is_missing_is_named(releases):
    with pytest.raises(CatalogError, match=r"no such file.*none\.csv"):
        releases(kind="ship", track="none.csv", mass_tonnes=2)


@pytest.mark.slow
def test_all_kinds_run_together(changed):
    """Beside the slick and the leak of the twin, 500 t and 10 t/h for 12 h."""
    case = load_case(changed())
    (lon, lat) = next((r.lon, r.lat) for r in case.release if r.kind == "point")
    start, end = case.time.start, case.time.end
    ends = [(lon, lat), (lon + 0.02, lat)]
    more = [
        {"kind": "line", "coordinates": ends, "mass_tonnes": 30},
        {
            "kind": "ship",
            "track": [
                {"time": time, "lon": x, "lat": y}
                for time, (x, y) in zip((start, end), ends, strict=True)
            ],
            "mass_tonnes": 50,
        },
    ]
    document = case.model_dump()
    document["release"] += more
    scenario = prepare(parse_case(document, folder=case.folder))
    released = run(scenario, regular_outputs=False)["released_mass"].values[-1]
    assert released == pytest.approx(700e3)
    number = scenario.particles.release_number
    np.testing.assert_array_equal(np.unique(number), [0, 1, 2, 3])
    np.testing.assert_array_equal(scenario.from_source, number > 0)
    halved = particles_with(scenario, {"source_share": 0.5})
    assert halved.mass[number > 0].sum() == pytest.approx(350e3)
    np.testing.assert_allclose(
        halved.slick_mass / halved.mass, scenario.particles.slick_mass / scenario.particles.mass
    )
