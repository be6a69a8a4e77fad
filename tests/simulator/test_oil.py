"""Properties of the oil, against the definition of the API gravity and published relations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import GENERIC_OILS, Oil, SimulatorError, density_from_api, generic_oil
from simulator.oil import molar_mass_jones1997, pseudo_components

TEMPERATURES = st.floats(260.0, 330.0)
API_GRAVITIES = st.floats(2.0, 70.0)
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
        ({"density_reference_points": ((288.15, 0.886),)}, "density 0.886 kg m-3 at 288.15 K"),
        ({"density_reference_points": ((15.0, 886.0),)}, "temperature 15 K of a density"),
        ({"density_reference_points": ((273.15, 986.0), (288.15, 886.0))}, "less of a difference"),
        ({"viscosity_reference_points": ((288.15, -1.0),)}, "viscosity -1 m2 s-1 at 288.15 K"),
        ({"viscosity_reference_points": ((288.15, float("nan")),)}, "viscosity nan"),
        ({"viscosity_reference_points": ((288.15, 5.0),)}, "make 5 m2 s-1 at 288.15 K"),
        (
            {"viscosity_reference_points": ((288.15, 6e-5), (303.15, 3e-7))},
            "less of a difference",
        ),
        ({"mass_fractions": (0.4, 0.5)}, "whose sum is 1"),
        ({"mass_fractions": (1.0,)}, "for each boiling point"),
        ({"boiling_points": (700.0, 400.0)}, "boiling points that rise"),
        ({"boiling_points": (700.0, 1400.0)}, "boiling_points 1400 K, expected 200 to 1000"),
        ({"boiling_points": (127.0, 427.0)}, "boiling_points 127 K"),
        (
            {"boiling_points": (700.0, 1000.0), "density_reference_points": ((288.15, 700.0),)},
            "Watson factor",
        ),
        ({"max_water_fraction": 1.0}, "max_water_fraction 1, expected 0 to 0.97"),
        ({"max_water_fraction": 80.0}, "max_water_fraction 80"),
        ({"pour_point": 0.0}, "pour_point 0 K"),
        ({"pour_point": -13.0}, "pour_point -13 K, expected 123.15 to 373.15"),
        ({"oil_water_interfacial_tension": -0.01}, "oil_water_interfacial_tension -0.01 N m-1"),
        ({"oil_water_interfacial_tension": 30.0}, "oil_water_interfacial_tension 30 N m-1"),
    ],
)
def test_impossible_properties_are_refused(change, message):
    with pytest.raises(SimulatorError, match=message):
        Oil("x", **(PROPERTIES | change))


MEASURED = {
    "densities": [(288.15, 886.0)],
    "viscosities": [(288.15, 6e-5)],
    "cuts": [(423.15, 0.2), (623.15, 0.6)],
    "recovered": 0.9,
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"densities": []}, "no density, expected one at least"),
        ({"densities": [(288.15, 0.886)]}, "density 0.886"),
        # left out, but for its slip
        ({"densities": [(288.15, 886.0), (303.15, 880e3)]}, "density 880000 kg m-3 at 303.15 K"),
        ({"viscosities": [(288.15, 60.0)]}, "make 60 m2 s-1 at 288.15 K"),
        ({"viscosities": [(15.0, 6e-5)]}, "temperature 15 K of a viscosity"),
        ({"cuts": [(150.0, 0.2), (350.0, 0.6)]}, "cut_temperature 150 K, expected 200 to 1073.15"),
        ({"cuts": [(423.15, 20.0), (623.15, 60.0)]}, "fraction 20 distilled at 423.15 K"),
        ({"cuts": [(423.15, 0.002), (623.15, 0.006)]}, "no distilled fraction above 0.006"),
        ({"recovered": 95.0}, "fraction 95 recovered"),
        ({"recovered": 0.0095}, "no recovered fraction above 0.0095"),
        ({"recovered": 0.5}, "0.5 recovered but 0.6 distilled"),
        ({"max_water_fraction": 0.0075}, "no max_water_fraction above 0.0075"),
        ({"max_water_fraction": 75.0}, "max_water_fraction 75"),
        ({"pour_point": -10.0}, "pour_point -10 K"),
    ],
)
def test_impossible_measurements_are_refused(change, message):
    Oil.from_measurements("x", **MEASURED)
    with pytest.raises(SimulatorError, match=f"oil 'x': found .*{message}"):
        Oil.from_measurements("x", **(MEASURED | change))


def test_below_its_pour_point_oil_can_be_of_any_thickness():
    gel = MEASURED | {"viscosities": [(288.15, 5.9)]}
    assert Oil.from_measurements("x", **gel, pour_point=311.15).pour_point == 311.15
    for pour_point in (None, 280.0):
        with pytest.raises(SimulatorError, match=r"make 5\.9 m2 s-1 at 288\.15 K"):
            Oil.from_measurements("x", **gel, pour_point=pour_point)
    # what was measured above the pour point counts again
    flows = MEASURED | {"viscosities": [(288.15, 5.9), (311.15, 5.0)]}
    with pytest.raises(SimulatorError, match=r"make 5 m2 s-1 at 311\.15 K"):
        Oil.from_measurements("x", **flows, pour_point=311.15)


def test_what_was_left_out_or_mended_is_remarked_and_makes_no_other_oil():
    contradictory = Oil.from_measurements(
        "x",
        densities=[(273.15, 650.0), (288.15, 855.0), (288.15, 856.0), (303.15, 845.0)],
        viscosities=[(288.15, 1e-5), (288.15, 4e-4), (313.15, 2e-5)],
        cuts=[(423.15, 0.2), (523.15, 0.6), (573.15, 0.5), (623.15, 0.7)],
    )
    density, other, viscosity, cut = contradictory.remarks
    assert other.startswith("the viscosity 0.0004 m2 s-1 at 15 C is left out: another one")
    assert density.startswith("the density 650 kg m-3 at 0 C is left out")
    assert viscosity.startswith("the viscosity 2e-05 m2 s-1 at 40 C is left out")
    assert cut.startswith("the distilled fraction 0.5 at 300 C is taken for 0.6")
    consistent = Oil.from_measurements(
        "x",
        densities=[(288.15, 855.0), (303.15, 845.0)],
        viscosities=[(288.15, 1e-5)],
        cuts=[(423.15, 0.2), (523.15, 0.6), (573.15, 0.6), (623.15, 0.7)],
    )
    assert consistent.remarks == ()
    assert consistent == contradictory
    assert hash(consistent) == hash(contradictory)


@pytest.mark.parametrize("api_gravity", [0.8863, 1.9, 71.0, -5.0, float("nan")])
def test_a_generic_crude_has_the_api_gravity_of_a_crude(api_gravity):
    with pytest.raises(SimulatorError, match="expected 2 to 70 degrees API"):
        generic_oil(api_gravity)


@given(
    st.floats(600.0, 1200.0),
    st.floats(-7.0, 2.0),
    st.floats(123.15, 373.15),
    st.one_of(st.none(), st.floats(0.02, 0.97)),
)
def test_an_oil_that_is_made_has_properties_of_an_oil_at_any_temperature_of_the_sea(
    density, log10_viscosity, pour_point, water
):
    try:
        oil = Oil.from_measurements(
            "x",
            densities=[(288.15, density)],
            viscosities=[(288.15, 10.0**log10_viscosity)],
            pour_point=pour_point,
            max_water_fraction=water,
        )
    except SimulatorError:
        return
    for temperature in (271.0, 288.15, 308.0):
        assert 550.0 < oil.density(temperature) < 1250.0
        assert oil.kinematic_viscosity(temperature) > 1e-8
    assert 0.0 <= oil.max_water_fraction <= 0.97
    assert 5e-4 <= oil.oil_water_interfacial_tension <= 0.073


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
