"""Levels of made sound against closed forms, of real sound against other formulas; ships."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from aquatic.errors import AquaticError
from aquatic.sound.levels import (
    Band,
    band_powers,
    bands_between,
    clipped_share,
    level,
    mean_square,
    refuse_sensitivity,
    spectral_density,
    transform_seconds,
)
from aquatic.sound.ships import Nearest, Track, nearest_ships
from tests.aquatic.pictures import keep_picture

RATE = 16000


def levels_of(samples, rate=RATE, low=25.0, high=None):
    bands = bands_between(low, high, rate)
    density = spectral_density(samples, rate, transform_seconds(bands))
    return dict(zip([it.name for it in bands], level(band_powers(*density, bands)), strict=True))


def sine(frequency, seconds=10.0, rate=RATE, offset=0.0):
    return np.sin(2.0 * np.pi * frequency * np.arange(round(seconds * rate)) / rate) + offset


@pytest.mark.parametrize("index", [-16, -12, -5, 0, 3, 8])
@pytest.mark.parametrize("offset", [0.0, 0.3])
def test_a_sine_is_in_its_band(index, offset):
    """Half of the square of its amplitude: -3.010 dB."""
    band = Band(index)
    found = levels_of(sine(band.middle, offset=offset))
    assert found[band.name] == pytest.approx(-10.0 * np.log10(2.0), abs=0.01)
    others = [it for name, it in found.items() if abs(Band(index).middle / float(name) - 1) > 0.5]
    assert max(others) < -60.0
    assert level(mean_square(sine(band.middle, offset=offset))) == pytest.approx(-3.0103, abs=0.01)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.floats(0.86, 1.16), st.integers(-10, 7))
def test_a_sine_anywhere_within_a_band_is_in_it(place, index):
    band = Band(index)
    inner = 1.0 + (place - 1.0) * 0.6
    found = levels_of(sine(band.middle * inner, 4.0), low=100.0)
    assert found[band.name] == pytest.approx(-3.0103, abs=0.01)


@pytest.mark.slow
def test_white_noise_has_its_share_in_each_band():
    noise = np.random.default_rng(7).normal(0.0, 0.1, 200 * RATE)
    found = levels_of(noise, low=400.0)
    for name, each in found.items():
        band = next(it for it in bands_between(400.0, None, RATE) if it.name == name)
        share = 0.01 * (band.high - band.low) / (RATE / 2.0)
        assert each == pytest.approx(10.0 * np.log10(share), abs=0.1), name
    frequencies, density = spectral_density(noise, RATE, 1.0)
    assert level(density.mean()) == pytest.approx(level(0.01 / (RATE / 2.0)), abs=0.01)
    figure = Figure(figsize=(6, 3.2), layout="constrained")
    axes = figure.subplots()
    tone = 0.02 * sine(800.0, 200.0)
    axes.step([*map(float, found)], [*levels_of(noise + tone, low=400.0).values()], where="mid")
    axes.semilogx(frequencies[350:], level(spectral_density(noise + tone, RATE, 1.0)[1])[350:])
    axes.set(xlabel="frequency [Hz]", ylabel="level [dB re full scale, and /Hz]")
    axes.set_xticks([500, 1000, 2000, 5000], ["500", "1000", "2000", "5000"])
    axes.minorticks_off()
    axes.legend(["decidecades", "spectral density"], loc="center right")
    keep_picture("sound-levels", figure)


def test_bands_fit_together_and_have_their_names():
    bands = [Band(k) for k in range(-20, 14)]
    for one, two in pairwise(bands):
        assert one.high == pytest.approx(two.low)
        assert two.middle / one.middle == pytest.approx(10**0.1)
    names = [it.name for it in bands]
    assert names[:5] == ["10", "12.5", "16", "20", "25"]
    assert names[-3:] == ["12500", "16000", "20000"]
    assert Band(-12).name == "63"


def test_powers_of_all_bands_are_those_of_the_whole():
    noise = np.random.default_rng(1).normal(size=4 * RATE)
    bands = bands_between(20.0, None, RATE)
    frequencies, density = spectral_density(noise, RATE, 4.0)
    inside = (frequencies >= bands[0].low) & (frequencies < bands[-1].high)
    whole = density[inside].sum() * 0.25
    assert band_powers(frequencies, density, bands).sum() == pytest.approx(whole, rel=1e-3)


@pytest.mark.parametrize(("low", "high"), [(10.0, 4000.0), (5000.0, None), (2000.0, 1000.0)])
def test_bands_that_a_rate_does_not_reach_are_refused(low, high):
    with pytest.raises(AquaticError, match="expected"):
        bands_between(low, high, 8000.0)
    assert bands_between(10.0, None, 8000.0)[-1].name == "3150"


@pytest.mark.parametrize("bits", [16, 24])
def test_tops_that_are_cut_off_are_counted(bits):
    wave = np.sin(2.0 * np.pi * 500.0 * np.arange(8000) / 8000.0)
    most = 1.0 - 2.0 ** (1 - bits)
    assert clipped_share(np.clip(0.99 * wave, -most, most)) == 0.0
    assert clipped_share(np.clip(wave, -most, most)) == 0.0
    cut = np.clip(3.0 * wave, -most, most)
    assert clipped_share(cut) == pytest.approx((np.abs(cut) == most).mean(), abs=1e-3)
    assert clipped_share(np.zeros(10)) == 0.0
    assert clipped_share(3.0 * wave) == 0.0  # in numbers that have no full scale


@pytest.mark.parametrize(("number", "text"), [(176.0, "has -176"), (-48.0, "re 1 Pa .-168")])
def test_what_is_no_sensitivity_of_a_chain_is_refused(number, text):
    with pytest.raises(AquaticError, match=text):
        refuse_sensitivity(number)
    refuse_sensitivity(-176.0)


def test_a_level_is_shifted_by_the_sensitivity():
    assert level(0.5, -170.0) == pytest.approx(170.0 - 3.0103, abs=1e-4)
    assert level(0.0) == -np.inf


STATION = (1.7525, 41.18217)
METRES = 111_000.0


def northward(seconds, metres, station=STATION):
    """Return the track of a ship that is so far north of the station."""
    lat = station[1] + np.asarray(metres) / METRES
    return Track(np.asarray(seconds, float), np.column_stack([np.full(len(lat), station[0]), lat]))


def test_a_ship_between_two_fixes_is_between_them():
    tracks = {"a": northward([0, 100], [900, 2900]), "b": northward([0, 100], [9000, 9000])}
    found = nearest_ships(np.array([0.0, 25.0, 50.0, 100.0]), tracks, STATION)
    assert [it.ship for it in found] == ["a"] * 4
    assert [it.distance_m for it in found] == pytest.approx([900, 1400, 1900, 2900], rel=0.01)
    assert [it.label for it in found][:2] == ["0-1", "1-2"]


def test_times_of_which_nothing_is_known_are_left_out():
    fixes = np.arange(0.0, 3000.0, 100.0)
    far = northward(fixes, np.full(30, 9000.0))
    gap = (fixes < 500) | (fixes > 1800)
    near = northward(fixes[gap], np.full(gap.sum(), 5000.0))
    times = np.array([-10.0, 350.0, 1200.0, 2900.0, 2910.0])
    found = nearest_ships(times, {"near": near, "far": far}, STATION)
    assert found[0].left_out == found[4].left_out == "before the first fix or after the last one"
    assert (found[1].ship, found[3].ship) == ("near", "near")
    assert found[2].left_out == "near was not heard, and may have been nearer"
    # one that cannot have come so near in that time changes nothing
    away = northward(fixes[gap], np.full(gap.sum(), 80_000.0))
    (here,) = nearest_ships(np.array([1200.0]), {"away": away, "far": far}, STATION)
    assert (here.ship, here.label) == ("far", "9-10")
    (silent,) = nearest_ships(np.array([1200.0]), {"near": near}, STATION)
    assert silent.left_out == "no ship was heard for 1500 s"


def test_a_ship_that_has_gone_is_not_near():
    fixes = np.arange(0.0, 3000.0, 100.0)
    tracks = {
        "gone": northward(fixes[:5], np.full(5, 500.0)),
        "far": northward(fixes, np.full(30, 30_000.0)),
    }
    found = nearest_ships(np.array([300.0, 500.0, 2000.0]), tracks, STATION)
    assert found[0].label == "0-1"
    assert "may have been nearer" in found[1].left_out
    assert (found[2].ship, found[2].label) == ("far", "10+")


def test_across_180_degrees_a_ship_is_where_it_is():
    track = Track(np.array([0.0, 100.0]), np.array([[179.99, 0.0], [-179.99, 0.0]]))
    (found,) = nearest_ships(np.array([50.0]), {"a": track}, (180.0, 0.0))
    assert found.distance_m == pytest.approx(0.0, abs=1.0)


def test_a_fix_where_no_ship_can_be_makes_no_distance():
    """One that jumps to the station and back, and one that jumps away, at 3,000 knots."""
    for place in (100.0, 160_000.0):
        way = np.full(9, 8000.0)
        way[4] = place
        tracks = {"odd": northward(100.0 * np.arange(9.0), way)}
        found = nearest_ships(np.array([150.0, 350.0, 450.0, 650.0]), tracks, STATION)
        assert [it.label for it in found if it.left_out is None] == ["8-9", "8-9"]
        assert [bool(it.left_out) for it in found] == [False, True, True, False]


def test_classes_are_of_a_kilometre():
    names = [Nearest(distance).label for distance in (0.0, 999.9, 1000.0, 9999.0, 1e4, np.inf)]
    assert names == ["0-1", "0-1", "1-2", "9-10", "10+", "10+"]


def test_tracks_that_go_back_and_none_are_refused():
    with pytest.raises(AquaticError, match="back in time"):
        nearest_ships(np.zeros(1), {"a": northward([10, 0], [0, 0])}, STATION)
    with pytest.raises(AquaticError, match="no fixes"):
        nearest_ships(np.zeros(1), {}, STATION)
