"""The real cases open as their makers left them."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from catalog import open_forcing, prepare_forcing, read_slick
from catalog.forcing.matching import find_files
from catalog.forcing.names import EASTWARD_CURRENT, EASTWARD_WIND, SEA_TEMPERATURE
from catalog.slicks.events import read_events

_FORCING = [
    ("baniyas-2021/currents.nc", "currents", 144, 1, "2021-08-22T13:00"),
    ("baniyas-2021/cmems-med-reanalysis-20210822.nc", "currents", 49, 1, "2021-08-22T03:00"),
    # Two of 168 hours are blank, 23:00 and 00:00 at the very end.
    ("baniyas-2021/winds.nc", "winds", 166, 1, "2021-08-22T01:00"),
    ("baniyas-2021/era5-20210822.nc", "winds", 48, 1, "2021-08-22T00:00"),
    ("lebanon-2006/Sea*.nc", "currents", 14 * 24, 1, "2006-07-12T13:00"),
    ("lebanon-2006/Wind*.nc", "winds", 14 * 4, 6, "2006-07-12T00:00"),
    ("paria-2017/Sea*.nc", "currents", 8, 24, "2017-04-22T12:00"),
    ("paria-2017/Wind*.nc", "winds", 7 * 4, 6, "2017-04-23T00:00"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("pattern", "role", "count", "step_hours", "first"), _FORCING)
def test_forcing(cases: Path, pattern, role, count, step_hours, first) -> None:
    ds = open_forcing(cases / pattern, role)
    times = ds["time"].to_numpy()
    assert times[0] == np.datetime64(first)
    assert len(times) == count
    assert set(np.diff(times)) == {np.timedelta64(step_hours, "h")}
    for axis in ("latitude", "longitude"):
        steps = np.diff(ds[axis])
        assert (steps > 0).all()
        assert steps.max() < 1.01 * steps.min()
    fastest = np.abs(ds[EASTWARD_CURRENT if role == "currents" else EASTWARD_WIND]).max()
    assert 0.1 < float(fastest) < 20.0


@pytest.mark.slow
@pytest.mark.parametrize("case", ["baniyas-2021", "lebanon-2006", "paria-2017"])
def test_every_file_opens_by_itself(cases: Path, case: str) -> None:
    for path in sorted((cases / case).glob("*.nc")):
        is_wind = path.name.lower().startswith(("wind", "era5"))
        assert open_forcing(path, "winds" if is_wind else "currents").sizes["time"] > 0


@pytest.mark.slow
def test_temperature_is_in_kelvin_of_the_surface(cases: Path) -> None:
    ds = open_forcing(cases / "paria-2017/Sea*.nc", "currents")
    assert 298.0 < float(ds[SEA_TEMPERATURE].mean()) < 302.0


@pytest.mark.slow
def test_overlapping_downloads_do_not_share_a_grid(cases: Path) -> None:
    folder = cases / "baniyas-2021"
    with pytest.raises(ValueError, match="same grid"):
        open_forcing([folder / "winds.nc", folder / "era5-20210822.nc"], "winds")


@pytest.mark.slow
def test_a_run_of_the_lebanon_case(cases: Path) -> None:
    ds = open_forcing(cases / "lebanon-2006/Wind*.nc", "winds")
    cut, (east, _) = prepare_forcing(
        ds,
        start=np.datetime64("2006-07-13T08:00"),
        end=np.datetime64("2006-07-19T08:00"),
        box=(34.6, 33.2, 35.8, 34.8),
        gap_policy="error",
    )
    assert cut["time"].to_numpy()[0] == np.datetime64("2006-07-13T06:00")
    assert cut["time"].to_numpy()[-1] == np.datetime64("2006-07-19T12:00")
    assert len(east.files) == 7


@pytest.mark.slow
def test_slicks(cases: Path) -> None:
    files = sorted((cases / "baniyas-2021/observations").glob("*.shp"))
    slicks = [read_slick(file) for file in files]
    assert len(slicks) == 7
    assert slicks[1].time == datetime(2021, 8, 24, 8, 10, tzinfo=UTC)
    for file, slick in zip(files, slicks, strict=True):
        assert f"{slick.time:%Y%m%d-%H%M}" == file.stem[:13]
        # AREA is in km2, and a degree of latitude is 111 km.
        area = slick.geometry.area * 111.2**2 * np.cos(np.radians(35.3))
        assert area == pytest.approx(slick.attributes["AREA"], rel=0.02)


@pytest.mark.slow
def test_one_spill_is_found_among_all_files(cases: Path) -> None:
    events, problems = read_events(cases)
    (event,) = events
    assert event.identifier == "20210824-0343-SYR-PL"
    assert [d.quality for d in event.detections] == list("BABBAAA")
    assert {d.sensor for d in event.detections} == {
        *("Sentinel-1", "Sentinel-3", "Amazonia-1", "MODIS-Terra"),
    }
    for detection in event.detections:
        # no thick oil is told apart: 0.04 m3 on each square kilometre, and no upper bound
        low, high = detection.volume_m3
        assert low == pytest.approx(0.04 * detection.area_km2, rel=0.02)
        assert np.isnan(high)
    # lines of a survey are no slick
    assert [Path(problem.partition(":")[0]).suffix for problem in problems] == [".geojson"]


@pytest.mark.slow
def test_forcing_of_the_spill_is_chosen_by_what_it_covers(cases: Path) -> None:
    box, period = (
        (35.6, 35.1, 36.0, 35.5),
        (
            datetime(2021, 8, 24, 3, 43, tzinfo=UTC),
            datetime(2021, 8, 26, 8, 50, tzinfo=UTC),
        ),
    )
    found = find_files([str(cases)], ["currents", "winds", "waves"], box, period)
    best, *others = found["currents"]
    assert [Path(path).name for path in best.paths] == ["currents.nc"]
    assert best.share == 1.0
    # the downloads of 22 August end before; ERA5 has no currents, Lebanon another year
    assert all(other.share < 1.0 for other in others)
    # each role by itself is told the same
    assert found == {role: find_files([str(cases)], [role], box, period)[role] for role in found}
    assert Path(found["winds"][0].paths[0]).name == "winds.nc"
    assert found["waves"] == []
