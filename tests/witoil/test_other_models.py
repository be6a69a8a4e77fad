import netCDF4
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from catalog.errors import CatalogError
from simulator import Status
from tests.witoil import model_files
from tests.witoil.command import witoil
from tests.witoil.model_files import LAT, LON, MASS, STATUS, TIMES, Z
from witoil.errors import WitoilError
from witoil.runs.opening import open_run
from witoil.runs.trajectories import NO_STATUS, followed, is_moving

FOLDER = "MDK_SIM_2021_08_24_0300_baniyas"


@pytest.fixture
def written(tmp_path):
    """Return the path of a file in the layout of a model."""

    def write(model, **options):
        folder = tmp_path / FOLDER
        folder.mkdir(exist_ok=True)
        path = folder / "spill_properties.nc"
        path.unlink(missing_ok=True)
        getattr(model_files, model)(path, **options)
        return path

    return write


def edit(path, name, **attrs):
    with netCDF4.Dataset(path, "a") as file:
        holder = file.variables[name] if name else file
        for key, value in attrs.items():
            if value is None:
                holder.delncattr(key)
            else:
                holder.setncattr(key, value)


def assert_is_the_drift(run, *, has_depth=True):
    particles = run.particles
    assert particles["lon"].dims == ("trajectory", "time")
    status = STATUS if has_depth else np.where(STATUS == Status.SUBMERGED, 4, STATUS)
    np.testing.assert_array_equal(particles["status"], status)
    np.testing.assert_array_equal(particles["time"], TIMES)
    released = STATUS != Status.UNRELEASED
    for name, values in (("lon", LON), ("lat", LAT), ("mass", MASS)):
        found = particles[name].values
        np.testing.assert_allclose(found[released], values[released], rtol=1e-6)
        assert np.isnan(found[~released]).all()
    if has_depth:
        np.testing.assert_array_equal(particles["z"].values[released], Z[released])
    assert particles["status"].attrs["flag_meanings"].startswith("unreleased afloat beached")


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("mass_units", ["kg", "g", "tonnes"])
def test_opendrift_in_either_order_and_any_unit(written, turned, mass_units):
    run = open_run(written("opendrift", turned=turned, mass_units=mass_units))
    assert (run.model, run.command, run.density) == ("OpenDrift", "simulate", 870.0)
    assert_is_the_drift(run)


def test_attributes_tell_longitude_from_latitude_before_names_do(written):
    assert_is_the_drift(open_run(written("opendrift", names=("lat", "lon"))))


def test_opendrift_without_masses_says_that_particles_count_the_same(written):
    path = written("opendrift")
    with netCDF4.Dataset(path, "a") as file:
        file.renameVariable("mass_oil", "something")
    run = open_run(path)
    assert "mass" not in run.particles
    assert "every particle counts the same" in run.remarks[0]


def test_a_status_of_opendrift_that_is_not_known_counts_as_gone_and_is_said(written):
    path = written("opendrift")
    edit(path, "status", flag_meanings="active eaten outside")
    run = open_run(path)
    assert run.particles["status"].values[1, 2] == Status.LEFT_DOMAIN
    assert "the status 'eaten' is not known here: 1 particles" in run.remarks[0]


def test_codes_are_read_by_their_meanings(written):
    path = written("opendrift")
    edit(path, "status", flag_meanings="active outside stranded")
    status = open_run(path).particles["status"].values
    assert status[1, 3] == Status.LEFT_DOMAIN
    assert status[4, 3] == Status.BEACHED


@pytest.mark.parametrize(
    ("attrs", "said"),
    [
        ({"flag_values": np.array([0, 1], np.int32)}, "expected a meaning for each code"),
        ({"flag_meanings": None}, "expected a meaning for each code"),
        (
            {"flag_values": np.array([0, 1, 5], np.int32)},
            "found the code 2; expected one of 0 active, 1 stranded, 5 outside",
        ),
    ],
)
def test_flags_that_do_not_fit_are_refused(written, attrs, said):
    path = written("opendrift")
    edit(path, "status", **attrs)
    with pytest.raises(WitoilError, match=said):
        open_run(path)


def test_an_element_that_ends_without_a_reason_counts_as_gone(written):
    path = written("opendrift")
    with netCDF4.Dataset(path, "a") as file:
        file["status"][0, 2:] = np.ma.masked
        file["lon"][0, 2:] = np.nan
    run = open_run(path)
    assert run.particles["status"].values[0].tolist() == [1, 1, 3, 3]
    assert run.particles["lon"].values[0, 3] == pytest.approx(LON[0, 1])
    assert any("written no more, though afloat" in remark for remark in run.remarks)


def test_an_element_that_was_deactivated_as_dispersed_stays_under_water(written):
    path = written("opendrift")
    edit(path, "status", flag_meanings="active dispersed outside")
    run = open_run(path)
    assert run.particles["status"].values[1].tolist() == [0, 1, 4, 4]
    assert run.remarks == ()


def test_undeclared_fills_are_no_positions(written):
    path = written("opendrift")
    with netCDF4.Dataset(path, "a") as file:
        file["lat"][2, 3] = 9.969209968386869e36
        file["lon"][2, 3] = 9.969209968386869e36
    assert open_run(path).particles["status"].values[2].tolist() == [0, 0, 1, 3]


def test_a_place_without_a_mass_counts_for_nothing_and_is_said(written):
    path = written("opendrift")
    with netCDF4.Dataset(path, "a") as file:
        file["mass_oil"][0, 2] = np.nan
    run = open_run(path)
    assert run.particles["mass"].values[0].tolist() == [10.0, 9.5, 0.0, 8.5]
    assert "1 particles have a place but no mass" in run.remarks[0]


def test_a_file_without_any_place_is_refused(written):
    path = written("opendrift")
    with netCDF4.Dataset(path, "a") as file:
        file["lon"][:] = np.nan
    with pytest.raises(WitoilError, match="has no particle with a place"):
        open_run(path)


def test_z_that_points_down_is_turned(written):
    path = written("opendrift")
    with netCDF4.Dataset(path, "a") as file:
        file["z"][:] = -file["z"][:]
    edit(path, "z", positive="down")
    assert_is_the_drift(open_run(path))


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("mass_units", ["kilograms", "grams"])
def test_pygnome_follows_particles_by_their_ids(written, shuffled, mass_units):
    run = open_run(written("pygnome", shuffled=shuffled, mass_units=mass_units))
    assert run.model == "PyGNOME"
    assert_is_the_drift(run)
    assert run.remarks == ("the file does not say the time zone of its times: taken for UTC",)


def test_pygnome_of_another_version_separates_meanings_otherwise(written):
    path = written("pygnome")
    meanings = "0: not_released, 2: in_water, 3: on_land, 7: off_maps,"
    edit(path, "status_codes", flag_meanings=meanings)
    assert_is_the_drift(open_run(path))


def test_ragged_rows_that_do_not_add_up_are_refused(written):
    path = written("pygnome")
    with netCDF4.Dataset(path, "a") as file:
        file["particle_count"][0] += 1
    with pytest.raises(WitoilError, match="counts 18 particles over all times, and there are 17"):
        open_run(path)


def test_an_id_twice_at_a_time_is_refused(written):
    path = written("pygnome")
    with netCDF4.Dataset(path, "a") as file:
        file["id"][1] = file["id"][0]
    with pytest.raises(WitoilError, match="has an id twice at a time"):
        open_run(path)


@pytest.mark.parametrize("time_units", ["hours", "hours since 2021-08-24 03:00:00"])
def test_medslik_starts_as_its_folder_or_its_units_say(written, time_units):
    run = open_run(written("medslik", time_units=time_units))
    assert (run.model, run.name, run.density) == ("MEDSLIK-II", FOLDER, 870.0)
    assert_is_the_drift(run, has_depth=False)
    assert any("2021-08-24 03:00 UTC by the name" in r for r in run.remarks) is (
        time_units == "hours"
    )


def test_medslik_without_a_start_is_refused(tmp_path):
    path = tmp_path / "spill_properties.nc"
    model_files.medslik(path)
    with pytest.raises(WitoilError, match=r"time is in 'hours' after the start of the spill"):
        open_run(path)


def test_volumes_of_medslik_are_barrels_whatever_their_label(written):
    labelled = open_run(written("medslik"))
    told = open_run(written("medslik", volume_units="bbl"))
    np.testing.assert_array_equal(labelled.particles["mass"], told.particles["mass"])
    assert any("labelled m3, and taken for barrels" in remark for remark in labelled.remarks)
    assert not any("barrels" in remark for remark in told.remarks)


def test_a_density_that_is_none_of_an_oil_is_refused_and_grams_are_mended(written):
    assert open_run(written("medslik", density=0.87)).density == pytest.approx(870.0)
    with pytest.raises(WitoilError, match=r"found oil_density = 5; expected 600 to 1200 kg m-3"):
        open_run(written("medslik", density=5.0))


def test_a_status_of_medslik_beyond_its_table_is_refused(written):
    path = written("medslik")
    with netCDF4.Dataset(path, "a") as file:
        file["particle_status"][3, 0] = 7.0
    with pytest.raises(WitoilError, match="found the code 7; expected one of 0, 1, 2, 3, 4, 9"):
        open_run(path)


@pytest.mark.parametrize("model", ["opendrift", "pygnome", "medslik"])
class TestEach:
    def test_longitudes_from_0_to_360_and_across_180(self, written, model):
        path = written(model)
        name = "lon" if model == "opendrift" else "longitude"
        with netCDF4.Dataset(path, "a") as file:
            moved = file[name][:] + 144.18
            file[name][:] = np.where(moved > 180.0, moved - 360.0, moved)
        lon = open_run(path).particles["lon"].values
        released = STATUS != Status.UNRELEASED
        np.testing.assert_allclose(lon[released], LON[released] + 144.18, rtol=1e-6)

    def test_radians_are_read_as_such(self, written, model):
        path = written(model)
        for name in ("lon", "lat") if model == "opendrift" else ("longitude", "latitude"):
            with netCDF4.Dataset(path, "a") as file:
                file[name][:] = np.deg2rad(file[name][:])
            edit(path, name, units="radians")
        lon = open_run(path).particles["lon"].values
        np.testing.assert_allclose(lon[0], LON[0], rtol=1e-6)

    def test_projected_coordinates_are_refused(self, written, model):
        path = written(model)
        name = "lon" if model == "opendrift" else "longitude"
        edit(path, name, standard_name="projection_x_coordinate", units="m")
        with pytest.raises(WitoilError, match="has no longitude among"):
            open_run(path)

    def test_latitudes_beyond_the_pole_are_refused(self, written, model):
        path = written(model)
        name = "lat" if model == "opendrift" else "latitude"
        with netCDF4.Dataset(path, "a") as file:
            file[name][:] = 10.0 * file[name][:]
        with pytest.raises(WitoilError, match=r"found 35\d(\.\d+)? degrees; expected at most 90"):
            open_run(path)

    def test_an_unknown_unit_of_mass_is_refused(self, written, model):
        path = written(model)
        name = {"opendrift": "mass_oil", "pygnome": "mass"}.get(model, "evaporative_volume")
        edit(path, name, units="furlong")
        with pytest.raises(CatalogError, match="unit 'furlong' is unknown"):
            open_run(path)

    def test_times_that_do_not_rise_are_refused(self, written, model):
        path = written(model)
        with netCDF4.Dataset(path, "a") as file:
            file["time"][2] = file["time"][1]
        with pytest.raises(WitoilError, match="found 4 times that do not rise"):
            open_run(path)

    def test_offsets_from_utc_count(self, written, model):
        path = written(model)
        edit(path, "time", units="hours since 2021-08-24 06:00 +03:00")
        with netCDF4.Dataset(path, "a") as file:
            file["time"][:] = np.arange(4)
        np.testing.assert_array_equal(open_run(path).particles["time"], TIMES)

    def test_a_file_that_was_cut_is_one_line(self, written, model):
        path = written(model)
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        answer = witoil("score", path, path)
        assert answer.returncode == 2
        assert answer.stderr.count("\n") == 1


def test_an_unknown_model_is_named_by_what_it_says(tmp_path):
    path = tmp_path / "parcels.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.title = "Parcels"
        file.createDimension("obs", 3)
        file.createVariable("lon", "f8", ("obs",))
    with pytest.raises(
        WitoilError,
        match=r"of an unknown model \(title 'Parcels'; variables lon\); expected particles of "
        "witoil, OpenDrift, PyGNOME, MEDSLIK-II",
    ):
        open_run(path)


@given(arrays(np.int8, (4, 6), elements=st.sampled_from([NO_STATUS, *map(int, Status)])))
def test_particles_have_a_status_at_every_time_and_keep_what_is_written(status):
    numbers = np.arange(24.0).reshape(4, 6)
    held, columns, _ = followed(status, is_moving(status), {"lon": numbers})
    assert (held != NO_STATUS).all()
    present = status != NO_STATUS
    np.testing.assert_array_equal(held[present], status[present])
    np.testing.assert_array_equal(columns["lon"][present], numbers[present])
    # nobody is released before the first, and nobody without a place afterwards
    never = ~np.logical_or.accumulate(present, axis=1)
    assert (held[never] == Status.UNRELEASED).all()
    assert np.isfinite(columns["lon"][~never]).all()
