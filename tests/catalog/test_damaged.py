"""Whatever is wrong with a file, a reader gives data or one line of the house's own error."""

import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import CatalogError, open_forcing, read_slick
from catalog.forcing.names import EASTWARD_CURRENT
from catalog.slicks.events import read_events

# Where the header of a small classic file ends.
_HEADER = 1200

_small = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

# Places as shares of the file, and what is written there; and how much of the file is left.
damage = st.tuples(
    st.lists(
        st.tuples(st.floats(0.0, 1.0, exclude_max=True), st.integers(0, 255)),
        min_size=1,
        max_size=5,
    ),
    st.one_of(st.just(1.0), st.floats(0.0, 1.0)),
)


def spoil(content: bytes, where: tuple[list[tuple[float, int]], float], reach: int) -> bytes:
    """Return a file with some bytes changed and perhaps its end cut off."""
    spoilt = bytearray(content)
    changes, kept = where
    for share, value in changes:
        spoilt[int(share * min(reach, len(spoilt)))] = value
    return bytes(spoilt[: int(kept * len(spoilt))])


def read_or_refuse(read: Callable[[], Any]) -> Any:
    """Return what is read, or None where it is refused in one line."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # libraries warn of much before they give up
        try:
            return read()
        except CatalogError as refusal:
            message = str(refusal)
    assert "\n" not in message
    return None


@pytest.mark.slow
@pytest.mark.parametrize("format", ["NETCDF3_CLASSIC", "NETCDF3_64BIT", "NETCDF4"])
@_small
@given(where=damage)
def test_netcdf_headers(write_currents, tmp_path: Path, format: str, where) -> None:
    whole = tmp_path / "whole.nc"
    if not whole.exists():
        write_currents("whole.nc", format=format)
    path = tmp_path / "spoilt.nc"
    reach = whole.stat().st_size if format == "NETCDF4" else _HEADER
    path.write_bytes(spoil(whole.read_bytes(), where, reach))
    ds = read_or_refuse(lambda: open_forcing(path, "currents"))
    if ds is not None:
        assert ds[EASTWARD_CURRENT].dims == ("time", "latitude", "longitude")
        assert float(np.abs(ds[EASTWARD_CURRENT]).max()) <= 10.0
        for axis in ("time", "latitude", "longitude"):
            assert (np.diff(ds[axis]).astype(float) > 0.0).all()


_texts = st.one_of(
    st.sampled_from(["", "hours", "m s-1", "hours since yesterday", "degrees_north", "360_day"]),
    st.text(st.characters(max_codepoint=127, exclude_characters="\0"), max_size=12),
)


@pytest.mark.slow
@_small
@given(
    attributes=st.lists(
        st.tuples(
            st.sampled_from(["uo", "vo", "time", "lat", "lon"]),
            st.sampled_from(
                ["units", "calendar", "standard_name", "bounds", "cell_methods", "axis"]
            ),
            st.one_of(_texts, st.integers(-9, 9), st.floats(allow_nan=True)),
        ),
        max_size=4,
    )
)
def test_netcdf_attributes(write_currents, tmp_path: Path, attributes) -> None:
    def change(ds: xr.Dataset) -> xr.Dataset:
        for variable, name, value in attributes:
            ds[variable].attrs[name] = value
        return ds

    path = write_currents(change=change)
    ds = read_or_refuse(lambda: open_forcing(path, "currents"))
    assert ds is None or ds.sizes["time"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("part", [".shp", ".shx", ".dbf", ".prj"])
@_small
@given(where=damage)
def test_shapefiles(tmp_path: Path, part: str, where) -> None:
    whole = tmp_path / "whole.shp"
    if not whole.exists():
        told = {"IDENTIFIER": ["20210824-0343-SYR-PL-B-01-S1"] * 2, "AREA": [1.0, 2.0]}
        shapes = [shapely.box(35.0, 35.0, 35.1, 35.1), shapely.Point(35.5, 35.5).buffer(0.1)]
        geopandas.GeoDataFrame(told, geometry=shapes, crs=4326).to_file(whole)
        for suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
            shutil.copy(whole.with_suffix(suffix), tmp_path / f"spoilt{suffix}")
    content = whole.with_suffix(part).read_bytes()
    path = tmp_path / "spoilt.shp"
    path.with_suffix(part).write_bytes(spoil(content, where, len(content)))
    slick = read_or_refuse(lambda: read_slick(path))
    if slick is not None:
        assert slick.geometry.is_valid
        assert not slick.geometry.is_empty
        west, south, east, north = slick.geometry.bounds
        assert -180.0 <= west <= east <= 360.0
        assert -90.0 <= south <= north <= 90.0


_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-200, 200), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    *("type", "features", "geometry", "coordinates", "properties", "bbox"),
                    *("stac_version", "links", "assets", "id", "datetime", "href", "rel"),
                ]
            ),
            st.one_of(inner, st.sampled_from(["Feature", "FeatureCollection", "Polygon", "1.0.0"])),
            max_size=6,
        ),
    ),
    max_leaves=15,
)


@pytest.mark.slow
@_small
@given(document=_json)
def test_json_of_any_kind(tmp_path: Path, document) -> None:
    import json

    path = tmp_path / "20210824-0343.json"
    path.write_text(json.dumps(document))
    found = read_or_refuse(lambda: read_events(path))
    if found is not None:
        events, problems = found
        assert events or problems
        assert all("\n" not in problem for problem in problems)
