"""Properties of the oil, against the definition of the API gravity."""

import pytest

from simulator import GENERIC_API_GRAVITY, density_from_api


def test_water_has_an_api_gravity_of_ten():
    assert density_from_api(10.0) == pytest.approx(999.1)


@pytest.mark.parametrize(("api_gravity", "density"), [(28.0, 886.4), (35.0, 849.1), (12.0, 985.2)])
def test_density_follows_from_api_gravity(api_gravity, density):
    assert density_from_api(api_gravity) == pytest.approx(density, abs=0.1)


def test_every_generic_oil_floats_on_sea_water():
    assert all(700.0 < density_from_api(api) < 1025.0 for api in GENERIC_API_GRAVITY.values())
