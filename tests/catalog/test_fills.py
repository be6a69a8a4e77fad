"""What stands for nothing: fills declared and not, packed and not, and values out of range."""

from pathlib import Path

import netCDF4
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import CatalogError, open_forcing
from catalog.forcing.files import REMARKS
from catalog.forcing.names import EASTWARD_WIND, NORTHWARD_WIND, SEA_TEMPERATURE

SHAPE = (3, 4, 5)
PACKED = ("i2", "i4", "u2", "i1", "u1")
FLOATS = ("f4", "f8")


def write(
    path: Path, values, dtype, attrs, *, names=(EASTWARD_WIND, NORTHWARD_WIND), units="m s-1"
):
    """Write values as they are in the file, and attributes beside them."""
    with netCDF4.Dataset(path, "w") as file:
        for name, size in zip(("time", "lat", "lon"), SHAPE, strict=True):
            file.createDimension(name, size)
        axes = {"time": "hours since 2021-08-24", "lat": "degrees_north", "lon": "degrees_east"}
        for (name, units_of), size in zip(axes.items(), SHAPE, strict=True):
            axis = file.createVariable(name, "f8", (name,))
            axis.units, axis[:] = units_of, np.arange(size)
        for number, name in enumerate(names):
            fill = attrs.get("_FillValue")
            variable = file.createVariable(f"q{number}", dtype, tuple(axes), fill_value=fill)
            variable.set_auto_maskandscale(False)
            variable.units, variable.standard_name = units, name
            for key, value in attrs.items():
                if key != "_FillValue":
                    variable.setncattr(key, value)
            variable[:] = values
    return path


@st.composite
def packings(draw):
    """Type, scale, offset, and how a fill is declared: in which attribute, or not at all."""
    dtype = draw(st.sampled_from((*PACKED, *FLOATS)))
    how = draw(st.sampled_from(["_FillValue", "missing_value", "list", "text", "undeclared"]))
    scale = draw(st.sampled_from([1e-3, 0.01, -0.002]))
    if dtype in ("i1", "u1"):
        scale = draw(st.sampled_from([0.1, -0.05]))
    offset = draw(st.sampled_from([0.0, 3.0, -7.5]))
    return dtype, scale, offset, how


@pytest.mark.slow
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(packing=packings(), seed=st.integers(0, 1000), data=st.data())
def test_fills_of_any_packing_are_missing_and_nothing_else_is(
    tmp_path, packing, seed, data
) -> None:
    dtype, scale, offset, how = packing
    kind = np.dtype(dtype)
    random = np.random.default_rng(seed)
    absent = random.random(SHAPE) < 0.3
    absent[0, 0, 0], absent[0, 1, 1] = True, False
    attrs: dict[str, object] = {}
    if kind.kind == "f":
        values = random.uniform(-20.0, 20.0, SHAPE).astype(kind)
        expected = values.astype(float)
        choices = [kind.type(1e20), kind.type(-9999.0), kind.type(netCDF4.default_fillvals[dtype])]
    else:
        low = 0 if kind.kind == "u" else -100
        values = random.integers(low, 101, SHAPE).astype(kind)
        expected = values * scale + offset
        attrs = {"scale_factor": scale, "add_offset": offset}
        limits = np.iinfo(kind)
        choices = [kind.type(limits.max), kind.type(limits.min)]
        if kind.itemsize > 1:
            choices = [choices[0], kind.type(netCDF4.default_fillvals[dtype])]
            choices += [kind.type(-9999)] if kind.kind == "i" else [kind.type(9999)]
        elif kind.kind == "u":
            choices = choices[:1]
        if how == "undeclared" and kind.itemsize == 1:
            how = "_FillValue"  # any byte may be data
    fill = data.draw(st.sampled_from(choices))
    values[absent] = fill
    other = kind.type(choices[0]) if kind.kind != "f" else kind.type(-1e30)
    declared = {"_FillValue": fill, "missing_value": fill, "list": np.array([other, fill])}
    if how in ("_FillValue", "missing_value"):
        attrs[how] = declared[how]
    elif how == "list":
        attrs["missing_value"] = declared[how]
    elif how == "text" and kind.kind == "f":
        attrs["missing_value"] = str(float(fill))
    elif how == "text":
        attrs["missing_value"] = fill
    path = write(tmp_path / "w.nc", values, dtype, attrs)
    wind = open_forcing(path, "winds", zeros="data")[EASTWARD_WIND].to_numpy()
    np.testing.assert_array_equal(np.isnan(wind), absent)
    np.testing.assert_allclose(wind[~absent], expected[~absent], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", ["i2", "i4", "u2"])
def test_the_default_fill_of_a_packed_type_needs_no_declaration(tmp_path: Path, dtype: str) -> None:
    values = np.full(SHAPE, 5000, dtype)
    values[:, 0, 0] = netCDF4.default_fillvals[dtype]
    attrs = {"scale_factor": 0.001, "add_offset": 0.0}
    wind = open_forcing(write(tmp_path / "w.nc", values, dtype, attrs), "winds")[EASTWARD_WIND]
    assert wind[:, 0, 0].isnull().all()
    assert int(wind.isnull().sum()) == SHAPE[0]


@pytest.mark.parametrize("value", [-9999, -32768, 32767, 9999, -999])
def test_packed_values_among_others_are_no_fill(tmp_path: Path, value: int) -> None:
    values = np.full(SHAPE, value, "i2")
    values[:, 1:] = np.clip(value + np.arange(-8, 7).reshape(3, 5), -32766, 32766)
    attrs = {"scale_factor": 0.001, "add_offset": 0.0}
    wind = open_forcing(write(tmp_path / "w.nc", values, "i2", attrs), "winds")[EASTWARD_WIND]
    assert wind.notnull().all()


@pytest.mark.parametrize("missing", [-32.767, np.float32(-9.5e9)])
def test_a_fill_declared_for_unpacked_values_is_found_among_packed_ones(tmp_path, missing) -> None:
    values = np.full(SHAPE, 4000, "i2")
    values[:, 0, 0] = -32767
    attrs = {"scale_factor": 0.001, "add_offset": 0.0, "missing_value": missing}
    attrs["valid_min"] = np.int16(-30000)
    wind = open_forcing(write(tmp_path / "w.nc", values, "i2", attrs), "winds")[EASTWARD_WIND]
    assert wind[:, 0, 0].isnull().all()
    assert int(wind.isnull().sum()) == SHAPE[0]


@pytest.mark.parametrize(
    ("dtype", "attrs"),
    [
        ("f4", {"valid_min": np.float32(-25.0), "valid_max": np.float32(25.0)}),
        ("f4", {"valid_range": np.float32([-25.0, 25.0])}),
        ("f4", {"valid_range": [-25.0, 25.0]}),
        ("f8", {"valid_max": "25.0"}),
        ("i2", {"valid_min": np.int16(-2500), "valid_max": np.int16(2500)}),
        ("i2", {"valid_range": np.int16([-2500, 2500])}),
        # in the unit of the data, as they are of its type
        ("i2", {"valid_max": 25.0}),
        ("i2", {"valid_range": np.float32([-25.0, 25.0])}),
    ],
)
def test_what_lies_outside_the_valid_range_is_missing_and_told_of(tmp_path, dtype, attrs) -> None:
    values = np.full(SHAPE, 25.0)
    values[:, 2, 3] = 30.0
    packing = {"scale_factor": 0.01, "add_offset": 0.0} if dtype == "i2" else {}
    stored = np.round(values / 0.01).astype("i2") if packing else values.astype(dtype)
    ds = open_forcing(write(tmp_path / "w.nc", stored, dtype, {**packing, **attrs}), "winds")
    wind = ds[EASTWARD_WIND]
    assert wind[:, 2, 3].isnull().all()
    assert int(wind.isnull().sum()) == SHAPE[0]
    assert "5.00% outside the valid range" in wind.attrs[REMARKS]


def test_a_falling_packing_turns_its_valid_range(tmp_path: Path) -> None:
    values = np.full(SHAPE, -500, "i2")
    values[:, 0, 0] = -900
    attrs = {"scale_factor": -0.01, "add_offset": 0.0, "valid_range": np.int16([-600, 600])}
    wind = open_forcing(write(tmp_path / "w.nc", values, "i2", attrs), "winds")[EASTWARD_WIND]
    assert int(wind.isnull().sum()) == SHAPE[0]


def test_a_valid_range_that_leaves_nothing_is_refused(tmp_path: Path) -> None:
    attrs = {"valid_range": np.float32([100.0, 200.0])}
    path = write(tmp_path / "w.nc", np.full(SHAPE, 5.0, "f4"), "f4", attrs)
    with pytest.raises(CatalogError, match=r"no value lies within the valid range.*100 to 200"):
        open_forcing(path, "winds")


@pytest.mark.parametrize("valid", ["-5 to 5", np.float32([1.0, 2.0, 3.0])])
def test_a_valid_range_that_is_none_is_not_applied(tmp_path: Path, valid) -> None:
    path = write(tmp_path / "w.nc", np.full(SHAPE, 9.0, "f4"), "f4", {"valid_range": valid})
    assert open_forcing(path, "winds")[EASTWARD_WIND].notnull().all()


def test_unsigned_bytes_by_the_attribute_of_old(tmp_path: Path) -> None:
    values = np.full(SHAPE, -56, "i1")  # 200 without its sign
    attrs = {"_Unsigned": "true", "scale_factor": 0.1, "add_offset": 0.0}
    wind = open_forcing(write(tmp_path / "w.nc", values, "i1", attrs), "winds")[EASTWARD_WIND]
    np.testing.assert_allclose(wind, 20.0, rtol=1e-6)


def test_integers_that_are_not_packed(tmp_path: Path) -> None:
    values = np.full(SHAPE, 250, "i2")
    values[:, 0, 0] = -32767
    path = write(tmp_path / "w.nc", values, "i2", {}, units="cm s-1")
    wind = open_forcing(path, "winds")[EASTWARD_WIND]
    assert int(wind.isnull().sum()) == SHAPE[0]
    np.testing.assert_allclose(wind[:, 1:], 2.5, rtol=1e-6)


@pytest.mark.parametrize("fill", [999.0, -999.0, 9999.0, -99999.0, 1e15, 1e34])
def test_customary_fills_of_a_temperature(tmp_path: Path, fill: float) -> None:
    values = np.full(SHAPE, 15.0, "f4")
    values[:, 0, 0] = fill
    path = write(tmp_path / "t.nc", values, "f4", {}, names=(SEA_TEMPERATURE,), units="degC")
    warm = open_forcing(path, "temperature")[SEA_TEMPERATURE]
    assert int(warm.isnull().sum()) == SHAPE[0]


@pytest.mark.parametrize(
    ("units", "value", "fill"),
    [
        ("cm s-1", 30.0, -999.0),
        ("cm s-1", 30.0, 999.9),
        ("mm/s", 300.0, 9999.0),
        ("knots", 12.0, 99.99),
        ("m s-1", 5.0, -99.99),
    ],
)
def test_customary_fills_that_would_be_plausible_in_their_unit(
    tmp_path: Path, units, value, fill
) -> None:
    values = value + 0.1 * np.arange(60.0).reshape(SHAPE)
    values[:, 0, 0] = fill
    ds = open_forcing(write(tmp_path / "u.nc", values, "f4", {}, units=units), "winds")
    absent = ds[EASTWARD_WIND].isnull().to_numpy()
    assert absent[:, 0, 0].all()
    assert absent.sum() == 3


def test_strong_winds_among_others_are_no_fill(tmp_path: Path) -> None:
    values = np.linspace(-60.0, 99.99, 60).reshape(SHAPE)
    path = write(tmp_path / "u.nc", values, "f4", {}, units="knots")
    assert open_forcing(path, "winds")[EASTWARD_WIND].notnull().all()


def test_a_value_far_off_at_many_nodes_is_told_of(tmp_path: Path) -> None:
    values = 0.1 * np.arange(60.0).reshape(SHAPE)
    values[:, :2, :2] = -55.0
    read = open_forcing(write(tmp_path / "u.nc", values, "f4", {}), "winds")[EASTWARD_WIND]
    assert read.notnull().all()
    assert "the value -55 stands at many nodes, far off all others" in read.attrs[REMARKS]


@pytest.mark.parametrize("key", ["scale_factor", "add_offset"])
def test_a_packing_in_text_is_refused_by_name(tmp_path: Path, key: str) -> None:
    path = write(tmp_path / "u.nc", np.full(SHAPE, 300), "i2", {key: "0.001"})
    with pytest.raises(CatalogError, match=f"its {key} is the text '0.001', expected a number"):
        open_forcing(path, "winds")


def test_a_zero_without_sign_is_data_however_far_off_the_others(tmp_path):
    values = np.full(SHAPE, 80, "u2")
    values[0, 0, 3], values[0, 0, 0] = 0, 65535
    path = write(tmp_path / "w.nc", values, "u2", {"scale_factor": 0.001})
    wind = open_forcing(path, "winds", zeros="data")[EASTWARD_WIND].to_numpy()
    assert np.argwhere(np.isnan(wind)).tolist() == [[0, 0, 0]]
    assert wind[0, 0, 3] == 0.0
