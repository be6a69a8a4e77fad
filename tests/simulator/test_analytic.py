"""Transport of which the answer is known, on and under the surface.

Uniform flow, solid rotation and diffusion of floating oil are in `test_model.py`; here they meet
each other, oil under water, and Stokes drift.
"""

import numpy as np
import pytest

import simulator
from simulator import GENERIC_OILS, PointRelease, Processes, Status
from simulator.kernels.waves import wave_period_pierson1964
from tests.simulator.builders import START, carry, forcing, nodes, particles, travelled, turning

OIL = GENERIC_OILS["generic-light-crude"]


def droplets(depths, longitude=35.0, latitude=35.5):
    """Make droplets that stay at their depths: too small to rise."""
    return simulator.seed_particles(
        [
            PointRelease(
                longitude, latitude, mass=1.0, time=START, depth=depth, droplet_diameter=1e-7
            )
            for depth in depths
        ],
        len(depths),
        seed=1,
    )


def carry_under_water(fields, released, hours, **options):
    # sinking is what makes this oil that weathers: without any process it would have no depth
    chosen = Processes("off", False, "off", False, False, True, False)
    result = carry(fields, released, hours, oil=OIL, processes=chosen, **options)
    assert (result["status"] == Status.SUBMERGED).all()
    return result


@pytest.mark.parametrize("minutes", [5.0, 15.0, 60.0])
@pytest.mark.parametrize(("u", "v"), [(0.5, 0.0), (-0.3, 0.4)])
def test_a_uniform_current_carries_oil_under_water_as_it_carries_it_afloat(u, v, minutes):
    fields = forcing((u, v), (10.0, 0.0))
    below = carry_under_water(fields, droplets([1.0, 10.0]), 24, minutes=minutes)
    above = carry(fields, particles(35.0, 35.5), 24, minutes=minutes)
    for name in ("lon", "lat"):
        np.testing.assert_allclose(below[name].values, above[name].values[[0, 0]], atol=1e-9)
    _, distance = travelled(below)
    np.testing.assert_allclose(distance, 86400.0 * np.hypot(u, v), rtol=2e-3)


@pytest.mark.parametrize(
    ("hours_per_turn", "kept_to"), [(12.0, 1e-3), (20.6, 1e-3), (24.0, 1e-3), (48.0, 1e-4)]
)
@pytest.mark.parametrize("afloat", [True, False])
def test_oil_in_a_solid_rotation_comes_back_on_its_circle_after_ten_turns(
    afloat, hours_per_turn, kept_to
):
    # 15-minute steps
    hours = 10.0 * hours_per_turn
    fields = forcing(turning(hours_per_turn, 35.0, 35.5), hours=(0.0, hours))
    turns = np.arange(0.0, 10.5, 1.0)
    outputs = turns * hours_per_turn
    if afloat:
        result = carry(fields, particles([35.1, 35.2], 35.5), hours, outputs=outputs)
    else:
        released = droplets([5.0, 20.0], longitude=35.2)
        result = carry_under_water(fields, released, hours, outputs=outputs)
    x = (result["lon"].values - 35.0) * np.cos(np.radians(35.5))
    y = result["lat"].values - 35.5
    radius = np.hypot(x, y) / np.hypot(x, y)[:, :1]
    np.testing.assert_allclose(radius, 1.0, atol=kept_to)
    # a step multiplies by 1 + i c - c**2 / 2 (1 + c**2 / 4), c = omega dt
    c = 2.0 * np.pi * 0.25 / hours_per_turn
    turned = np.arctan2(c, 1.0 - 0.5 * c**2 * (1.0 + 0.25 * c**2)) * outputs / 0.25
    np.testing.assert_allclose(
        np.arctan2(y, x), np.tile(np.angle(np.exp(1j * turned)), (2, 1)), atol=1e-3
    )


def test_stokes_drift_decays_with_depth_as_that_of_waves_in_deep_water():
    fields = forcing(wind=(10.0, 0.0), stokes_drift="wind")
    depths = np.array([0.01, 1.0, 3.0, 10.0, 30.0])
    _, distance = travelled(carry_under_water(fields, droplets(depths), 6))
    wave_number = (2.0 * np.pi / wave_period_pierson1964(10.0)) ** 2 / 9.81
    surface = 0.094 * 6 * 3600.0
    np.testing.assert_allclose(distance, surface * np.exp(-2.0 * wave_number * depths), rtol=0.02)


def test_the_wind_does_not_push_oil_under_water():
    fields = forcing(wind=(15.0, 0.0))
    _, distance = travelled(
        carry_under_water(fields, droplets([1.0, 10.0]), 6, wind_drift_factor=0.03)
    )
    assert (distance < 0.1).all()


def cloud(minutes, **options):
    """Return the places of a cloud that has spread for 12 hours, from its start. [m]"""
    count, diffusivity = 20_000, 20.0
    axes = nodes(34.0, 35.0, 36.0, 36.0, 0.1)
    result = carry(
        forcing(options.pop("current", (0.0, 0.0)), axes=axes),
        particles(np.full(count, 35.0), 35.5),
        12,
        minutes=minutes,
        horizontal_diffusivity=diffusivity,
        **options,
    )
    east, north = simulator.metres_per_degree(35.5)
    x = (result["lon"].values[:, -1] - 35.0) * east
    y = (result["lat"].values[:, -1] - 35.5) * north
    return x, y, 2.0 * diffusivity * 12 * 3600.0


@pytest.mark.parametrize("minutes", [5.0, 30.0])
def test_a_diffusing_cloud_is_gaussian_although_its_kicks_are_not(minutes):
    x, y, variance = cloud(minutes)
    for axis in (x, y):
        assert axis.var() == pytest.approx(variance, rel=0.045)
        # of n uniform kicks the excess kurtosis is -1.2 / n
        excess = np.mean((axis - axis.mean()) ** 4) / axis.var() ** 2 - 3.0
        assert excess == pytest.approx(-1.2 * minutes / 720.0, abs=0.15)
    for radius, share in ((1.0, 1.0 - np.exp(-0.5)), (2.0, 1.0 - np.exp(-2.0))):
        inside = np.mean(np.hypot(x, y) < radius * np.sqrt(variance))
        assert inside == pytest.approx(share, abs=0.015)


@pytest.mark.parametrize("minutes", [5.0, 30.0])
def test_rotation_does_not_change_how_a_cloud_diffuses(minutes):
    x, y, variance = cloud(minutes, current=turning(12.0, 35.0, 35.5))
    # the rotation is round in degrees that shrink to the east as at its middle, to 0.3 %
    np.testing.assert_allclose(np.cov(x, y), variance * np.eye(2), atol=0.05 * variance)


@pytest.mark.parametrize("minutes", [5.0, 30.0])
def test_shear_stretches_a_cloud_as_in_the_solution_of_its_equation(minutes):
    shear = 2e-5
    _, north = simulator.metres_per_degree(35.5)
    x, y, variance = cloud(minutes, current=(lambda t, lon, lat: shear * (lat - 35.5) * north, 0.0))
    # Taylor: with u = s y the variance along x is 2 K t (1 + (s t)**2 / 3)
    turned = shear * 12 * 3600.0
    assert x.var() == pytest.approx(variance * (1.0 + turned**2 / 3.0), rel=0.05)
    assert y.var() == pytest.approx(variance, rel=0.045)
    assert np.cov(x, y)[0, 1] == pytest.approx(variance * turned / 2.0, rel=0.1)
