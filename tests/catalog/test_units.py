import pytest

from catalog.errors import CatalogError
from catalog.units import conversion


@pytest.mark.parametrize(
    "units", ["m s-1", "m/s", "m*s-1", "m s**-1", "m.s-1", "m s^-1", "meters/second", "M S-1"]
)
def test_metres_a_second_in_many_spellings(units: str) -> None:
    assert conversion(units, "m s-1", "u") == (1.0, 0.0)


@pytest.mark.parametrize(
    ("units", "wanted", "found", "expected"),
    [
        ("cm/s", "m s-1", 150.0, 1.5),
        ("cm s-1", "m s-1", 150.0, 1.5),
        ("centimeters/second", "m s-1", 150.0, 1.5),
        ("knots", "m s-1", 3600.0, 1852.0),
        ("km/h", "m s-1", 36.0, 10.0),
        ("degrees_C", "K", 20.0, 293.15),
        ("degree_Celsius", "K", 20.0, 293.15),
        ("C", "K", 20.0, 293.15),
        ("K", "K", 293.15, 293.15),
        ("metres", "m", 2.0, 2.0),
        ("seconds", "s", 2.0, 2.0),
        ("s", "s", 2.0, 2.0),
        ("mm/sec", "m s-1", 1500.0, 1.5),
        ("millimeters/second", "m s-1", 1500.0, 1.5),
        ("m s\u207b\u00b9", "m s-1", 1.5, 1.5),  # superscripts
        ("m\u00b7s\u207b\u00b9", "m s-1", 1.5, 1.5),
        ("0.01 m/s", "m s-1", 150.0, 1.5),
        ("1e-3 m s-1", "m s-1", 1500.0, 1.5),
        ("degF", "K", 68.0, 293.15),
        ("\u00ba C", "K", 20.0, 293.15),
        ("feet", "m", 10.0, 3.048),
        ("decimal degrees", "degree", 30.0, 30.0),
    ],
)
def test_conversion(units: str, wanted: str, found: float, expected: float) -> None:
    factor, offset = conversion(units, wanted, "x")
    assert found * factor + offset == pytest.approx(expected)


@pytest.mark.parametrize("units", ["furlong/fortnight", "", "m", "1.2.3 m/s", "0.1", "m/s 2"])
def test_unknown_unit_is_refused_by_name(units: str) -> None:
    with pytest.raises(CatalogError, match=r"file\.nc, variable 'uo': .*'m s-1'"):
        conversion(units, "m s-1", "file.nc, variable 'uo'")


def test_a_multiple_of_a_unit_that_does_not_begin_at_0_is_refused() -> None:
    with pytest.raises(CatalogError, match=r"unit '0\.01 degC' is unknown"):
        conversion("0.01 degC", "K", "file.nc, variable 'sst'")


@pytest.mark.parametrize(
    ("found", "wanted", "factor"),
    [
        ("kilograms", "kg", 1.0),
        ("grams", "kg", 1e-3),
        ("tonnes", "kg", 1e3),
        ("m^3", "m3", 1.0),
        ("cubic meters", "m3", 1.0),
        ("bbl", "m3", 0.158987294928),
        ("Barrels", "m3", 0.158987294928),
        ("kg/m^3", "kg m-3", 1.0),
        ("kg m**-3", "kg m-3", 1.0),
        ("g/cm3", "kg m-3", 1e3),
    ],
)
def test_units_of_oil(found, wanted, factor):
    assert conversion(found, wanted, "x") == (factor, 0.0)
