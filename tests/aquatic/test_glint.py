"""Slicks in sunglint: where contrasts turn, what is found, and what is no reflectance."""

import numpy as np
import pytest

from aquatic.errors import AquaticError
from aquatic.slicks.glint import tilt_deg, turning_tilt_deg
from aquatic.slicks.optical import find_contrasts

PIXEL_M = (20.0, 20.0)


def test_tilts_are_those_of_mirrors():
    assert tilt_deg(30.0, 0.0, 123.0) == pytest.approx(15.0)
    assert tilt_deg(25.0, 25.0, 180.0) == pytest.approx(0.0, abs=1e-6)
    assert tilt_deg(40.0, 10.0, 180.0) == pytest.approx(15.0)


def test_contrasts_turn_between_11_and_13_degrees():
    found = [turning_tilt_deg(wind) for wind in (3.0, 5.0, 8.0)]
    assert found == sorted(found)
    assert found[0] == pytest.approx(10.9, abs=0.1)
    assert found[-1] == pytest.approx(12.6, abs=0.1)


def bands(sign=1.0, seed=4):
    """Return two bands with a gradient of glint, noise, a slick in both, and a spot in one."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:400, 0:400]
    slick = np.hypot(rows - 200.0, (columns - 150.0) / 2.0) < 20.0
    alone = np.hypot(rows - 90.0, columns - 310.0) < 15.0
    glint = 0.03 + 0.02 * columns / 400.0
    first = glint * (1.0 + 0.06 * rng.normal(size=glint.shape)) + sign * 0.015 * slick
    second = 0.8 * glint * (1.0 + 0.06 * rng.normal(size=glint.shape)) + sign * 0.01 * slick
    return (first + 0.02 * alone, second), slick


@pytest.mark.slow
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_what_both_bands_see_is_found(sign):
    (first, second), slick = bands(sign)
    found = find_contrasts((first, second), np.ones(slick.shape, bool), PIXEL_M)
    seen = found.numbers > 0
    assert (seen & slick).sum() / (seen | slick).sum() > 0.85
    assert found.numbers.max() == 1
    assert np.sign(found.contrast[slick]).mean() == pytest.approx(sign, abs=0.05)


@pytest.mark.slow
def test_a_sign_that_geometry_excludes_does_not_count():
    (first, second), slick = bands()
    water = np.ones(slick.shape, bool)
    assert find_contrasts((first, second), water, PIXEL_M, sign=-1).numbers.max() == 0
    assert find_contrasts((first, second), water, PIXEL_M, sign=1).numbers.max() == 1


def glinting(pixel_m, side, length_km, width_km, rise, seed=3):
    """Return two bands of a sea with ever more glint, and a slick that changes it by a share."""
    rng = np.random.default_rng(seed)
    rows, columns = (np.mgrid[0:side, 0:side] + 0.5) * 1e-3 * pixel_m
    extent = 1e-3 * side * pixel_m
    far = np.hypot(
        2.0 * (columns - 0.55 * extent) / length_km, 2.0 * (rows - 0.45 * extent) / width_km
    )
    glint = 0.02 * (1.0 + 0.4 * columns / extent) * np.where(far < 1.0, 1.0 + rise, 1.0)
    bands = ((share * glint * (1.0 + 0.06 * rng.normal(size=glint.shape))) for share in (1.0, 0.8))
    return tuple(bands), far < 1.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pixel_m", "length_km", "width_km", "rise"),
    [
        (20.0, 1.0, 0.4, 0.35),
        (20.0, 6.0, 4.0, 0.35),  # larger than a square of water around
        (10.0, 2.4, 1.8, -0.3),
        (60.0, 14.0, 3.0, -0.3),
        (300.0, 12.0, 5.0, 0.35),  # Sentinel-3
        (300.0, 40.0, 20.0, -0.3),
    ],
)
def test_slicks_of_any_size_are_seen_by_sensors_of_any_pixel(pixel_m, length_km, width_km, rise):
    bands, slick = glinting(pixel_m, 600, length_km, width_km, rise)
    found = find_contrasts(bands, np.ones(slick.shape, bool), (pixel_m, pixel_m))
    seen = found.numbers > 0
    assert (seen & slick).sum() / (seen | slick).sum() > 0.8
    within = found.numbers[slick & seen]
    assert len(np.unique(within)) == 1
    assert np.sign(found.contrast[slick & seen]).mean() == pytest.approx(np.sign(rise), abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("pixel_m", [20.0, 300.0])
def test_noise_has_no_slicks_at_any_pixel(pixel_m):
    bands, _ = glinting(pixel_m, 400, 1.0, 1.0, 0.0)
    found = find_contrasts(bands, np.ones((400, 400), bool), (pixel_m, pixel_m))
    assert found.numbers.max() == 0


@pytest.mark.slow
@pytest.mark.parametrize("fill", [-9999.0, 0.0, -0.1])
def test_fill_that_no_file_tells_of_is_no_water(fill):
    (first, second), slick = bands()
    water = np.ones(slick.shape, bool)
    whole = find_contrasts((first, second), water, PIXEL_M)
    rows, columns = np.mgrid[0:400, 0:400]
    outside = rows + columns > 560  # a swath ends aslant
    first[outside] = second[outside] = fill
    found = find_contrasts((first, second), water, PIXEL_M)
    assert np.isnan(found.contrast[outside]).all()
    assert found.numbers.max() == whole.numbers.max() == 1
    assert (found.numbers > 0).sum() == pytest.approx((whole.numbers > 0).sum(), rel=0.02)


@pytest.mark.slow
def test_land_and_clouds_are_no_water():
    (first, second), slick = bands()
    first[:, 320:] = 0.4
    water = np.ones(slick.shape, bool)
    water[:100] = False
    found = find_contrasts((first, second), water, PIXEL_M)
    assert np.isnan(found.contrast[:100]).all()
    assert np.isnan(found.contrast[:, 320:]).all()
    assert found.numbers.max() == 1


@pytest.mark.parametrize("factor", [1e4, np.nan])
def test_digital_numbers_are_refused(factor):
    (first, second), slick = bands()
    with pytest.raises(AquaticError, match="no reflectances of water") as caught:
        find_contrasts((factor * first, factor * second), np.ones(slick.shape, bool), PIXEL_M)
    assert "\n" not in str(caught.value)


def test_a_scene_without_water_is_refused():
    (first, second), slick = bands()
    with pytest.raises(AquaticError, match=r"cloudless water on 0\.0 %"):
        find_contrasts((first, second), np.zeros(slick.shape, bool), PIXEL_M)
