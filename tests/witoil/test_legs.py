from dataclasses import replace

import numpy as np
import pytest
import rasterio
import shapely

import catalog
import simulator
from catalog import CatalogError
from witoil.calibration.evaluation import evaluate, persistence, simulated_slicks
from witoil.case import load_case
from witoil.errors import CaseError, WitoilError
from witoil.files import write_json
from witoil.scenario.legs import legs_of
from witoil.scenario.prepare import prepare

SMALL = ("particles = 20_000", "particles = 2_000")
ANEW = ("evaluations = 80", 'evaluations = 13\nstart_from = "observations"')
SECOND = '[[observation]]\ngeometry = "mask_20250601T1800.tif"\n'
FIRST = '[[observation]]\ngeometry = "mask_20250601T1200.tif"\n'


@pytest.fixture
def whole(changed):
    return prepare(load_case(changed(SMALL, ANEW)))


def test_a_leg_is_the_run_from_one_slick_to_the_next(whole):
    first, second = legs_of(whole)
    assert [w.forcing.start for w in (first, second)] == [
        np.datetime64("2025-06-01T06:00"),
        np.datetime64("2025-06-01T12:00"),
    ]
    assert [len(w.observations) for w in (first, second)] == [1, 1]
    assert (second.seen_first == whole.observations[0].mask).all()
    slick, leak = (second.particles.mass[second.from_source == fresh].sum() for fresh in (0, 1))
    assert slick == pytest.approx(500e3)  # that of the slick of the case
    assert leak == pytest.approx(6 * 10e3)  # and the leak goes on at its rate
    assert second.particles.release_time.min() == np.datetime64("2025-06-01T12:00")


@pytest.mark.slow
def test_the_first_leg_is_the_run_of_the_case_until_then(changed):
    alone = load_case(changed(SMALL, (SECOND, ""), ("end = 2025-06-01T18", "end = 2025-06-01T12")))
    anew = prepare(load_case(changed(SMALL, ANEW)))
    long = simulated_slicks(legs_of(prepare(alone)), {})[0].oil
    short = simulated_slicks(legs_of(anew)[:1], {})[0].oil
    assert anew.grid.shape != long.shape or (short == long).all()
    assert short.sum() == long.sum()


def test_fields_are_not_copied_and_hold_the_same_at_the_same_time(whole):
    second = legs_of(whole)[1]
    assert second.forcing.wind.values is whole.forcing.wind.values
    at = {}
    for name, forcing in (("long", whole.forcing), ("leg", second.forcing)):
        since = float((np.datetime64("2025-06-01T14:30") - forcing.start) / np.timedelta64(1, "s"))
        at[name] = np.empty((1, forcing.grid.rows, forcing.grid.columns, 2))
        forcing.drift(np.array([since]), simulator.Parameters(), at[name])
    np.testing.assert_array_equal(at["long"], at["leg"])


def test_one_long_run_is_the_default(scenario):
    assert legs_of(scenario) == (scenario,)


@pytest.mark.slow
def test_an_observation_may_say_its_mass(changed):
    heavy = FIRST + "mass_tonnes = 20\n"
    scenario = prepare(load_case(changed(SMALL, ANEW, (FIRST, heavy))))
    second = legs_of(scenario)[1]
    assert second.particles.mass[~second.from_source].sum() == pytest.approx(20e3)


@pytest.mark.slow
def test_slicks_alone_make_a_case(changed):
    text = changed(SMALL, ANEW).read_text()
    releases = text[text.index("[[release]]") : text.index("[oil]")]
    case = changed(SMALL, ANEW, (releases, ""), (FIRST, FIRST + "mass_tonnes = 20\n"))
    (leg,) = legs_of(prepare(load_case(case)))
    assert leg.particles.mass.sum() == pytest.approx(20e3)
    assert evaluate([leg], {})["score"] > 0.1


@pytest.mark.slow
def test_a_slick_of_unknown_mass_is_refused(changed):
    text = changed(SMALL, ANEW).read_text()
    releases = text[text.index("[[release]]") : text.index("[oil]")]
    scenario = prepare(load_case(changed(SMALL, ANEW, (releases, ""))))
    with pytest.raises(CaseError, match=r"observation\.0\.mass_tonnes: none given"):
        legs_of(scenario)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("replacements", "message"),
    [
        ([(FIRST, ""), (SECOND, SECOND + FIRST)], r"observation\.1\.time: .*before observation\.0"),
        ([(SECOND, SECOND + SECOND)], r"observation\.2\.time: .*as observation\.1"),
        (
            [
                ('kind = "area"', 'kind = "area"\ntime = 2025-06-01T13:00:00Z'),
                ('kind = "point"', 'kind = "point"\nstart = 2025-06-01T13:00:00Z'),
            ],
            r"observation\.0\.time: .*expected a time after the first release, 2025-06-01T13:00Z",
        ),
        ([("1T1200.tif", "1T1200.geojson")], r"observation\.0: .*shares no cell"),
        ([("1T1200.tif", "1T1200-land.geojson")], r"observation\.0: .*no cell at sea"),
        (
            [(FIRST, FIRST + 'swath = "mask_20250601T1200.geojson"\n')],
            r"observation\.0: .*within its swath",
        ),
        ([(FIRST, FIRST + "weight = 0\n")], r"observation\.0\.weight"),
    ],
)
def test_a_slick_that_cannot_be_compared_is_refused_by_name(changed, twin, replacements, message):
    for name, shape in (
        ("mask_20250601T1200.geojson", shapely.box(21.5, 36.5, 21.51, 36.51)),
        ("mask_20250601T1200-land.geojson", shapely.box(19.529, 36.569, 19.531, 36.571)),
    ):
        write_json(twin / name, {"type": "Polygon", "coordinates": [[*shape.exterior.coords]]})
    with pytest.raises((WitoilError, simulator.SimulatorError), match=message):
        prepare(load_case(changed(SMALL, *replacements)))


@pytest.mark.slow
def test_what_the_sensor_did_not_see_is_not_compared(changed, twin):
    seen = prepare(load_case(changed(SMALL, ANEW))).observations[0].slick.geometry
    west, south, east, north = seen.bounds
    half = shapely.box(west - 0.1, south - 0.1, 0.5 * (west + east), north + 0.1)
    write_json(
        twin / "swath.geojson", {"type": "Polygon", "coordinates": [[*half.exterior.coords]]}
    )
    with_swath = FIRST + 'swath = "swath.geojson"\n'
    scenario = prepare(load_case(changed(SMALL, ANEW, (FIRST, with_swath))))
    leg = legs_of(scenario)[0]
    observation = leg.observations[0]
    assert 0 < observation.swath.sum() < observation.swath.size
    outside = replace(observation, mask=observation.mask | ~observation.swath)
    same = [replace(leg, observations=(o,)) for o in (observation, outside)]
    assert evaluate(same[:1], {})["fss"] == evaluate(same[1:], {})["fss"]


@pytest.mark.slow
def test_a_swath_that_is_not_certain_says_what_a_swath_can_be(changed, twin):
    with rasterio.open(twin / "mask_20250601T1200.tif") as file:
        profile, values = file.profile, file.read()
    for count, factor in ((1, 87), (2, 1)):
        with rasterio.open(twin / "swath.tif", "w", **profile | {"count": count}) as file:
            file.write(np.repeat(factor * (values != 0).astype(profile["dtype"]), count, axis=0))
        case = load_case(changed(SMALL, ANEW, (FIRST, FIRST + 'swath = "swath.tif"\n')))
        with pytest.raises(CatalogError, match="a swath is expected as polygons") as caught:
            prepare(case)
        assert not any(key in str(caught.value) for key in ("oil_values", "threshold", "layer`"))


def test_land_is_not_compared(whole):
    leg = legs_of(whole)[0]
    observation = leg.observations[0]
    ashore = replace(observation, mask=observation.mask | leg.land)
    same = [replace(leg, observations=(o,)) for o in (observation, ashore)]
    assert evaluate(same[:1], {})["fss"] == evaluate(same[1:], {})["fss"]


@pytest.mark.slow
def test_weights_shift_the_mean(changed):
    plain = legs_of(prepare(load_case(changed(SMALL, ANEW))))
    heavy = legs_of(prepare(load_case(changed(SMALL, ANEW, (FIRST, FIRST + "weight = 3\n")))))
    each = [s["fss"]["1"] for s in persistence(plain)["observations"]]
    assert persistence(plain)["fss"]["1"] == pytest.approx(sum(each) / 2)
    assert persistence(heavy)["fss"]["1"] == pytest.approx((3 * each[0] + each[1]) / 4)


@pytest.mark.slow
def test_masks_without_oil_are_refused_by_name(changed, twin):
    with rasterio.open(twin / "mask_20250601T1200.tif") as file:
        profile, nothing = file.profile, np.zeros((1, *file.shape), file.dtypes[0])
    for hour in (12, 18):
        with rasterio.open(twin / f"none_20250601T{hour}00.tif", "w", **profile) as file:
            file.write(nothing)
    for old in ('"mask_20250601T1800', '"mask_'):
        case = load_case(changed(SMALL, ANEW, (old, old.replace("mask", "none"))))
        with pytest.raises(catalog.CatalogError, match=r"none_.*\.tif: the mask is empty"):
            prepare(case)
