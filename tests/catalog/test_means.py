"""Daily means, hourly means and instants: how they are told apart, and where they are put."""

import numpy as np
import pytest

from catalog import open_forcing

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
