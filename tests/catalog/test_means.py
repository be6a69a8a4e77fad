"""Daily means, hourly means and instants: how they are told apart, and where they are put."""

import numpy as np
import pytest

from catalog import CatalogError, open_forcing
from catalog.forcing.files import REMARKS
from catalog.forcing.names import EASTWARD_CURRENT
from catalog.services.clients import write_forcing

DAILY = np.array([0.0, 24.0, 48.0])
HOURLY = np.arange(3.0)


def _methods(text: str):
    def change(ds):
        for name in ("uo", "vo"):
            ds[name].attrs["cell_methods"] = text
        return ds

    return change


@pytest.mark.parametrize(
    ("name", "times", "methods", "first"),
    [
        ("cmems_mod_glo_phy_my_0.083deg_P1D-m_1.nc", DAILY, "", "12:00"),
        ("cmems_mod_glo_phy_my_0.083deg_P1D-m_1.nc", DAILY[:1], "", "12:00"),
        ("cmems_mod_med_phy-cur_anfc_4.2km-2D_PT1H-m_1.nc", HOURLY, "", "00:30"),
        ("cmems_mod_glo_phy_anfc_merged-uv_PT1H-i_1.nc", HOURLY, "", "00:00"),
        # at the middle already
        ("cmems_mod_glo_phy_my_0.083deg_P1D-m_1.nc", DAILY + 12.0, "", "12:00"),
        ("cmems_mod_med_phy-cur_anfc_4.2km-2D_PT1H-m_1.nc", HOURLY + 0.5, "", "00:30"),
        # the name of a daily product on what has been interpolated to hours
        ("interpolated_P1D-m.nc", HOURLY, "", "00:00"),
        ("u.nc", DAILY, "area: mean", "00:00"),
        ("u.nc", DAILY, "time: mean", "12:00"),
        ("u.nc", HOURLY, "area: mean time: mean (interval: 5 minutes)", "00:30"),
        ("u.nc", DAILY[:1], "time: mean (interval: 1 day)", "12:00"),
        ("u.nc", DAILY, "time_counter: mean", "12:00"),
        ("u.nc", DAILY[::-1], "time: mean", "12:00"),
        ("u.nc", DAILY[:1], "time: mean", "00:00"),  # a mean over what, nobody says
        ("u_P1D-m.nc", DAILY, "time: point", "00:00"),
    ],
)
def test_means_stand_at_the_middle(write_currents, name, times, methods, first) -> None:
    path = write_currents(name, times=times, change=_methods(methods))
    ds = open_forcing(path, "currents")
    assert str(ds["time"].to_numpy()[0])[11:16] == first
    assert ds.sizes["time"] == times.size


def test_an_id_in_the_attributes_tells_as_well(write_currents) -> None:
    path = write_currents(times=DAILY, change=lambda ds: ds.assign_attrs(id="cmems_mod_x_P1D-m"))
    assert str(open_forcing(path, "currents")["time"].to_numpy()[0])[11:16] == "12:00"


HALF = np.timedelta64(12, "h")


def _first(path, **options) -> np.datetime64:
    return open_forcing(path, "currents", **options)["time"].to_numpy()[0]


@pytest.mark.parametrize(
    ("attrs", "times", "first"),
    [
        ({"field_type": "daily_mean_beginning_at_time_field"}, DAILY, "24T12:00"),
        ({"field_type": "daily_mean_centered_at_time_field"}, DAILY, "24T00:00"),
        ({"field_type": "daily_mean_ending_at_time_field"}, DAILY, "23T12:00"),
        ({"field_type": "mean_beginning_at_time_field"}, HOURLY, "24T00:30"),
        ({"field_type": "hourly_mean_beginning_at_time_field"}, HOURLY, "24T00:30"),
        ({"field_type": "hourly_instantaneous", "title": "daily mean"}, DAILY, "24T00:00"),
        ({"field_type": "mean", "title": "daily mean fields of the sea"}, DAILY, "24T12:00"),
        ({"title": "Potential Temperature (3D) - Daily Mean"}, DAILY, "24T12:00"),
        ({"title": "Hourly mean currents"}, HOURLY, "24T00:30"),
        ({"title": "6-hourly averages"}, 6.0 * HOURLY, "24T03:00"),
        ({"title": "3-day means"}, 72.0 * HOURLY, "25T12:00"),
        # what is said of another step has outlived a change of the content
        ({"title": "Daily mean"}, HOURLY, "24T00:00"),
        ({"field_type": "daily_mean_centered_at_time_field"}, HOURLY, "24T00:00"),
        ({"dataset_id": "med-cmcc-cur-rean-d"}, DAILY, "24T12:00"),
        ({"product": "med-cmcc-tem-an-fc-d"}, DAILY, "24T12:00"),
        ({"source": "global-reanalysis-phy-001-030-daily"}, DAILY, "24T12:00"),
        ({"summary": "part of cmems_mod_glo_phy_my_0.083deg_P1D-m"}, DAILY, "24T12:00"),
        # where it was made, not what it is
        ({"history": "made from cmems_mod_glo_phy_my_0.083deg_P1D-m"}, DAILY, "24T00:00"),
    ],
)
def test_whatever_says_that_values_are_means(write_currents, attrs, times, first) -> None:
    path = write_currents(times=times, change=lambda ds: ds.assign_attrs(attrs))
    assert _first(path) == np.datetime64(f"2021-08-{first}")


@pytest.mark.parametrize("attrs", [{"title": "Monthly mean"}, {"id": "cmems_mod_glo_phy_P1M-m"}])
def test_monthly_means_stand_in_the_middle_of_their_month(write_currents, attrs) -> None:
    days = np.array([0.0, 31.0, 61.0])
    path = write_currents(
        times=days, units="days since 2021-08-01", change=lambda ds: ds.assign_attrs(attrs)
    )
    times = open_forcing(path, "currents")["time"].to_numpy()
    assert [str(time)[:13] for time in times] == ["2021-08-16T12", "2021-09-16T00", "2021-10-16T12"]


@pytest.mark.parametrize("what", ["maximum", "minimum", "standard_deviation"])
def test_what_is_neither_mean_nor_instant_is_refused(write_currents, what: str) -> None:
    path = write_currents(times=DAILY, change=_methods(f"area: mean time: {what}"))
    with pytest.raises(CatalogError, match=f"the {what} over a time moves no oil"):
        open_forcing(path, "currents")


def _asks(ds) -> bool:
    return 'say means = "day" or means = "instants"' in ds[EASTWARD_CURRENT].attrs.get(REMARKS, "")


@pytest.mark.parametrize(
    ("means", "first", "asks"),
    [
        (None, "2021-08-24T00", True),
        ("day", "2021-08-24T12", False),
        ("instants", "2021-08-24T00", False),
    ],
)
def test_daily_values_of_which_nothing_is_said_are_asked_about(
    write_currents, means, first, asks
) -> None:
    ds = open_forcing(write_currents(times=DAILY), "currents", means=means)
    assert ds["time"].to_numpy()[0] == np.datetime64(first)
    assert _asks(ds) == asks


def test_means_of_one_time_each_know_their_step_together(write_currents) -> None:
    files = [
        write_currents(f"{k}.nc", times=DAILY[k : k + 1], change=_methods("time: mean"))
        for k in range(3)
    ]
    read = open_forcing(files, "currents")
    assert str(read["time"].to_numpy()[0])[:16] == "2021-08-24T12:00"
    assert REMARKS not in read[EASTWARD_CURRENT].attrs


@pytest.mark.parametrize("means", [None, "day"])
def test_daily_files_of_one_time_each_are_asked_about(write_currents, tmp_path, means) -> None:
    for day in range(3):
        write_currents(f"{day}.nc", times=DAILY[day : day + 1])
    ds = open_forcing(tmp_path / "*.nc", "currents", means=means)
    assert _asks(ds) == (means is None)
    expected = np.datetime64("2021-08-24T00") + (HALF if means == "day" else 0 * HALF)
    assert ds["time"].to_numpy()[0] == expected


@pytest.mark.parametrize(
    ("times", "change"),
    [
        (HOURLY, lambda ds: ds),
        (DAILY + 12.0, lambda ds: ds),
        (DAILY, _methods("time: point")),
        (DAILY, _methods("time: mean")),
        (DAILY, lambda ds: ds.assign_attrs(title="Daily mean")),
    ],
)
def test_nothing_is_asked_where_it_is_said_or_does_not_matter(
    write_currents, times, change
) -> None:
    path = write_currents(times=times, change=change)
    ds = open_forcing(path, "currents")
    assert not _asks(ds)
    settled = open_forcing(path, "currents", means="day")
    np.testing.assert_array_equal(ds["time"], settled["time"])


def _bounds(values, dims=("time", "nv"), **attrs):
    def change(ds):
        ds["time"].attrs["bounds"] = "edges"
        return ds.assign(edges=(dims, values, attrs))

    return change


@pytest.mark.parametrize(
    ("units", "factor", "shift"),
    [
        ("minutes since 2021-08-24", 60.0, 0.0),
        ("days since 2021-08-24", 1.0 / 24.0, 0.0),
        ("hours since 2021-08-23", 1.0, 24.0),  # an epoch of its own
        ("seconds since 2021-08-24 03:00 +3:00", 3600.0, 0.0),
        (None, 1.0, 0.0),
    ],
)
@pytest.mark.parametrize("place", [0.0, 0.5, 1.0])
def test_bounds_have_units_of_their_own(write_currents, units, factor, shift, place) -> None:
    begin = np.arange(4.0)
    edges = (np.stack([begin, begin + 1.0], axis=1) + shift) * factor
    attrs = {} if units is None else {"units": units}
    path = write_currents(times=begin + place, change=_bounds(edges, **attrs))
    times = open_forcing(path, "currents")["time"].to_numpy()
    assert times[0] == np.datetime64("2021-08-24T00:30")
    assert set(np.diff(times)) == {np.timedelta64(1, "h")}


def test_bounds_of_an_instant_leave_it_where_it_is(write_currents) -> None:
    begin = np.arange(4.0)
    path = write_currents(times=begin, change=_bounds(np.stack([begin, begin], axis=1)))
    assert _first(path) == np.datetime64("2021-08-24T00:00")


@pytest.mark.parametrize(
    "edges",
    [
        np.stack([np.arange(4.0) * 60.0, np.arange(4.0) * 60.0 + 60.0], axis=1),  # minutes?
        np.stack([np.arange(4.0) + 100.0, np.arange(4.0) + 101.0], axis=1),
    ],
)
def test_bounds_far_off_their_times_are_refused(write_currents, edges) -> None:
    with pytest.raises(CatalogError, match=r"and its bounds, .* contradict each other"):
        open_forcing(write_currents(change=_bounds(edges)), "currents")


def test_bounds_of_another_shape_are_refused(write_currents) -> None:
    with pytest.raises(CatalogError, match="bounds of time have shape"):
        open_forcing(write_currents(change=_bounds(np.zeros((4, 3)))), "currents")


def test_means_that_were_read_are_not_moved_again_when_they_are_written(
    write_currents, tmp_path
) -> None:
    ds = open_forcing(write_currents("x_P1D-m.nc", times=DAILY), "currents")
    write_forcing(ds, tmp_path / "written_P1D-m.nc")
    again = open_forcing(tmp_path / "written_P1D-m.nc", "currents")
    np.testing.assert_array_equal(again["time"], ds["time"])


def test_times_that_stand_twice_are_told_of(write_currents) -> None:
    def change(ds):
        ds["uo"][2] = 0.5
        return ds

    read = open_forcing(
        write_currents(times=np.array([0.0, 1.0, 1.0, 2.0]), change=change), "currents"
    )
    assert read["time"].size == 3
    assert float(read[EASTWARD_CURRENT][1, 0, 0]) == pytest.approx(0.5)
    assert read[EASTWARD_CURRENT].attrs[REMARKS] == (
        "1 of 4 times stand twice: the later in the file is taken"
    )
