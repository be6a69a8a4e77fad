"""Properties of the oil, against the definition of the API gravity and published relations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import GENERIC_OILS, Oil, SimulatorError, density_from_api, generic_oil
from simulator.oil import molar_mass_jones1997, pseudo_components

TEMPERATURES = st.floats(260.0, 330.0)
API_GRAVITIES = st.floats(0.0, 70.0)
MEDIUM = GENERIC_OILS["generic-medium-crude"]
PROPERTIES = {
    "density_reference_points": ((288.15, 886.0),),
    "viscosity_reference_points": ((288.15, 6e-5),),
    "mass_fractions": (0.4, 0.6),
    "boiling_points": (400.0, 700.0),
    "max_water_fraction": 0.8,
    "oil_water_interfacial_tension": 0.03,
    "pour_point": 260.0,
}


def test_water_has_an_api_gravity_of_ten():
    assert density_from_api(10.0) == pytest.approx(999.1)


@pytest.mark.parametrize(("api_gravity", "density"), [(28.0, 886.4), (35.0, 849.1), (12.0, 985.2)])
def test_density_follows_from_api_gravity(api_gravity, density):
    assert density_from_api(api_gravity) == pytest.approx(density, abs=0.1)


@pytest.mark.parametrize("name", GENERIC_OILS)
def test_generic_oils_are_named_and_float_on_sea_water(name):
    oil = GENERIC_OILS[name]
    assert oil.name == name
    assert 700.0 < oil.density(288.15) < 1025.0


@pytest.mark.parametrize(
    ("name", "api_gravity"),
    [
        ("generic-diesel", 37.0),
        ("generic-light-crude", 35.0),
        ("generic-medium-crude", 28.0),
        ("generic-heavy-crude", 18.0),
        ("generic-ifo-180", 16.0),
        ("generic-ifo-380", 12.0),
    ],
)
def test_the_density_of_a_generic_oil_is_exactly_that_of_its_api_gravity(name, api_gravity):
    assert GENERIC_OILS[name].density(288.15) == density_from_api(api_gravity)
    assert GENERIC_OILS[name].api_gravity == pytest.approx(api_gravity)


@pytest.mark.parametrize(("name", "viscosity"), [("180", 1.8e-4), ("380", 3.8e-4)])
def test_intermediate_fuel_oils_have_the_viscosity_in_their_name_at_50_celsius(name, viscosity):
    found = GENERIC_OILS[f"generic-ifo-{name}"].kinematic_viscosity(323.15)
    assert found == pytest.approx(viscosity)


def test_a_generic_oil_has_the_viscosity_of_noaas_generic_crude_at_its_gravity():
    # ADIOS AD04001, generic medium crude
    oil = generic_oil(29.68)
    assert oil.kinematic_viscosity(288.15) == pytest.approx(3.682e-5)
    assert oil.pour_point == pytest.approx(257.3)


def test_viscosity_of_one_point_follows_5000_kelvin():
    oil = Oil("x", **PROPERTIES)
    expected = 6e-5 * np.exp(5000.0 * (1.0 / 278.15 - 1.0 / 288.15))
    assert oil.kinematic_viscosity(278.15) == pytest.approx(expected)


def test_density_is_linear_between_points_and_expands_beyond():
    oil = Oil(
        "x", **(PROPERTIES | {"density_reference_points": ((273.15, 900.0), (293.15, 886.0))})
    )
    assert oil.density(283.15) == pytest.approx(893.0)
    # API MPMS 11.1: 613.9723 / 886**2 = 7.82e-4 per kelvin
    assert oil.density(303.15) == pytest.approx(886.0 * (1.0 - 7.82e-3), abs=0.05)


@pytest.mark.parametrize(
    ("boiling_point", "molar_mass"), [(288.0, 0.06369), (418.0, 0.12486), (1000.0, 1.58318)]
)
def test_molar_masses_are_those_of_noaas_gnome_oils(boiling_point, molar_mass):
    assert molar_mass_jones1997(np.array(boiling_point)) == pytest.approx(molar_mass, rel=1e-4)


def test_components_weigh_together_what_the_oil_weighs():
    volume = np.sum(MEDIUM.mass_fractions / MEDIUM.component_densities)
    assert 1.0 / volume == pytest.approx(MEDIUM.density(288.15))
    assert np.all(np.diff(MEDIUM.component_densities) > 0.0)
    assert np.all(np.diff(MEDIUM.molar_masses) > 0.0)


def test_water_fraction_tension_and_pour_point_are_estimated_as_in_adios():
    # Generic heavy crude of ADIOS, AD04002: 0.45019522109917653
    oil = Oil.from_measurements(
        "heavy", densities=[(288.15, 962.628)], viscosities=[(288.15, 5.855e-3)]
    )
    assert oil.max_water_fraction == pytest.approx(0.45019522, abs=1e-4)
    assert oil.oil_water_interfacial_tension == pytest.approx(0.035, abs=2e-4)
    # Generic bunker C, AD04012, 245.71 K, from its viscosity at 0 degrees Celsius
    bunker = Oil.from_measurements(
        "bunker",
        densities=[(288.15, 986.0)],
        viscosities=[(273.15, 0.12951807228915663)],
    )
    assert bunker.pour_point == pytest.approx(245.7136, abs=1e-3)


@pytest.mark.parametrize("name", ["generic-gasoline", "generic-diesel"])
def test_distillates_hold_no_water(name):
    assert GENERIC_OILS[name].max_water_fraction == 0.0


@pytest.mark.parametrize("by_volume", [False, True])
def test_a_straight_curve_gives_components_in_proportion(by_volume):
    fractions, boiling = pseudo_components(
        [(310.0, 0.0), (350.0, 0.5), (390.0, 1.0)], by_volume=by_volume
    )
    light, heavy = np.cbrt([330.0, 370.0]) if by_volume else (1.0, 1.0)
    assert boiling == pytest.approx((330.0, 370.0))
    assert fractions == pytest.approx((light / (light + heavy), heavy / (light + heavy)))


def test_what_does_not_distil_is_residue():
    fractions, boiling = pseudo_components([(310.0, 0.0), (430.0, 0.6)], recovered=0.7)
    assert boiling[-1] == 1000.0
    assert fractions[-1] == pytest.approx(0.3)


def test_a_slip_in_a_distillation_curve_is_mended():
    slip = pseudo_components([(350.0, 0.2), (390.0, 0.4), (430.0, 0.3), (470.0, 1.0)])
    assert slip == pseudo_components([(350.0, 0.2), (390.0, 0.4), (430.0, 0.4), (470.0, 1.0)])


@pytest.mark.parametrize("cuts", [[(400.0, 0.5)], [(400.0, 0.5), (450.0, 0.5)], []])
def test_a_curve_that_does_not_rise_is_refused(cuts):
    with pytest.raises(SimulatorError, match="expected two or more"):
        pseudo_components(cuts)


def test_a_measurement_that_contradicts_the_one_nearest_15_celsius_is_left_out():
    oil = Oil.from_measurements(
        "x",
        densities=[(273.15, 650.0), (288.15, 855.0), (303.15, 845.0)],
        viscosities=[(288.15, 1e-5), (313.15, 2e-5)],
    )
    assert oil.density_reference_points == ((288.15, 855.0), (303.15, 845.0))
    assert oil.viscosity_reference_points == ((288.15, 1e-5),)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"density_reference_points": ()}, "density"),
        ({"density_reference_points": ((280.0, 880.0), (290.0, 890.0))}, "falls as temperature"),
        ({"viscosity_reference_points": ((288.15, -1.0),)}, "positive temperatures and values"),
        ({"viscosity_reference_points": ((288.15, float("nan")),)}, "positive temperatures"),
        ({"mass_fractions": (0.4, 0.5)}, "whose sum is 1"),
        ({"mass_fractions": (1.0,)}, "for each boiling point"),
        ({"boiling_points": (700.0, 400.0)}, "boiling points that rise"),
        ({"boiling_points": (700.0, 1400.0)}, "up to 1000 K"),
        ({"max_water_fraction": 1.0}, "max_water_fraction"),
        ({"pour_point": 0.0}, "pour_point"),
        ({"oil_water_interfacial_tension": -0.01}, "oil_water_interfacial_tension"),
    ],
)
def test_impossible_properties_are_refused(change, message):
    with pytest.raises(SimulatorError, match=message):
        Oil("x", **(PROPERTIES | change))


@given(st.sampled_from(list(GENERIC_OILS.values())), TEMPERATURES, st.floats(0.1, 30.0))
def test_warmer_oil_is_lighter_and_thinner(oil, temperature, warming):
    assert oil.density(temperature + warming) < oil.density(temperature)
    warmer = oil.kinematic_viscosity(temperature + warming)
    assert 0.0 < warmer < oil.kinematic_viscosity(temperature)


@given(API_GRAVITIES)
def test_an_oil_of_any_gravity_is_whole(api_gravity):
    oil = generic_oil(api_gravity)
    assert oil.api_gravity == pytest.approx(api_gravity, abs=1e-9)
    assert sum(oil.mass_fractions) == pytest.approx(1.0, abs=1e-12)
    assert 0.0 <= oil.max_water_fraction <= 0.9


@given(
    st.lists(st.tuples(st.integers(200, 1200), st.floats(0.0, 1.2)), min_size=1, max_size=12),
    st.booleans(),
    st.floats(0.1, 1.0),
)
def test_mass_fractions_sum_to_one_whatever_the_curve(cuts, by_volume, recovered):
    fractions, boiling = pseudo_components(
        [(150, 0.0), *cuts, (1250, 0.9)], by_volume=by_volume, recovered=recovered
    )
    assert sum(fractions) == pytest.approx(1.0, abs=1e-12)
    Oil("x", **(PROPERTIES | {"mass_fractions": fractions, "boiling_points": boiling}))
