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
    ],
)
def test_conversion(units: str, wanted: str, found: float, expected: float) -> None:
    factor, offset = conversion(units, wanted, "x")
    assert found * factor + offset == pytest.approx(expected)


@pytest.mark.parametrize("units", ["furlong/fortnight", "", "m"])
def test_unknown_unit_is_refused_by_name(units: str) -> None:
    with pytest.raises(CatalogError, match=r"file\.nc, variable 'uo': .*'m s-1'"):
        conversion(units, "m s-1", "file.nc, variable 'uo'")
