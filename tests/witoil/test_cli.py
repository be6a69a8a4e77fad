import json
import resource
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from tests.witoil.command import witoil as witoil_here

FIRST = "mask_20250601T1200.tif"


@pytest.mark.slow
def test_help_names_the_commands():
    command = [sys.executable, "-m", "witoil", "--help"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0
    for command in ("demo", "simulate", "optimise", "score", "trace"):
        assert command in answer.stdout


@pytest.mark.slow
def test_help_loads_none_of_the_heavy_libraries():
    code = (
        "import sys, witoil.cli.main; "
        "print({'numba', 'xarray', 'scipy', 'geopandas', 'skopt'} & set(sys.modules))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "set()"


@pytest.mark.slow
def test_simulate_says_coverage_statuses_scores_and_where(twin, tmp_path):
    answer = witoil_here("simulate", twin / "demo.toml", "--out", tmp_path / "run", "--verbose")
    assert answer.returncode == 0, answer.stderr
    assert "eastward_wind: 2025-06-01T06:00Z to 2025-06-01T18:00Z" in answer.stdout
    for question in ("where ", "how large ", "how thick ", "ashore "):
        assert f"\n  {question}" in answer.stdout
    assert "20,000 particles at the end: " in answer.stdout
    assert "620.0 t of oil released: " in answer.stdout
    assert "% floating" in answer.stdout
    assert "20250601T1200: FSS 1: 0." in answer.stdout
    assert (tmp_path / "run" / "particles.nc").exists()
    assert (tmp_path / "run" / "restart.nc").exists()


@pytest.mark.slow
def test_a_quiet_command_says_nothing_and_one_without_pictures_draws_none(changed, tmp_path):
    case = changed(("particles = 20_000", "particles = 500"))
    out = tmp_path / "run"
    answer = witoil_here("simulate", case, "--out", out, "--quiet", "--no-pictures")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    names = {path.name for path in out.iterdir()}
    assert "particles.nc" in names
    assert not [name for name in names if name.endswith((".png", ".html"))]
    answer = witoil_here("simulate", case, "--quiet", "--verbose")
    assert answer.returncode == 2
    assert "exclude each other" in answer.stderr


@pytest.mark.slow
def test_what_data_cover_is_said_in_few_lines(changed, tmp_path):
    case = changed(("particles = 20_000", "particles = 500"))
    said = witoil_here("simulate", case, "--out", tmp_path / "run").stdout.splitlines()
    assert "currents: currents.nc, 2025-06-01T06:00Z to 2025-06-01T18:00Z every 1 h" in said
    notes = [line for line in said if line.startswith("note: ")]
    assert [line for line in notes if line.startswith("note: Stokes drift: not given")]
    assert said.index(notes[0]) < 4


@pytest.mark.slow
def test_score_prints_json(twin):
    answer = witoil_here("score", twin / FIRST, twin / FIRST, "--json", "--windows", "1,3")
    assert set(json.loads(answer.stdout)["fss"]) == {"1", "3"}


BAD = {
    "unknown key": ("[oil]", '[oil]\ncolour = "red"', "oil.colour: unknown key"),
    "end before start": ("end = 2025-06-01T18", "end = 2025-05-01T18", "time.end"),
    "release on land": ("lon = 19.39\nlat = 36.50", "lon = 19.53\nlat = 36.57", "lies on land"),
    "outside the forcing": ("lat = 36.50", "lat = 38.50", "eastward_sea_water_velocity"),
    "period not covered": (
        "start = 2025-06-01T06",
        "start = 2025-05-30T06",
        "no data for 2025-05-30",
    ),
    "no particles": ("particles = 20_000", "particles = 0", "model.particles"),
    "bounds reversed": ("[0.0, 0.05]", "[0.05, 0.0]", "wind_drift_factor"),
    "NaN everywhere": ('"currents.nc"', '"nan.nc"', "no value anywhere"),
    "truncated NetCDF": ('"currents.nc"', '"cut.nc"', "cut.nc"),
    "a page instead of NetCDF": ('"winds.nc"', '"page.nc"', "page.nc"),
    "no such file": ('"winds.nc"', '"nothing.nc"', "nothing.nc"),
    "shapefile without its index": ('"slick_20250601T0600.geojson"', '"lone.shp"', ".shx"),
    "empty mask": ('"mask_20250601T1200.tif"', '"empty_20250601T1200.tif"', "empty"),
    "swapped longitude and latitude": (
        '"slick_20250601T0600.geojson"',
        '"swapped.geojson"',
        "longitude and latitude swapped",
    ),
}


@pytest.fixture(scope="module")
def with_bad_files(twin):
    import geopandas
    import rasterio

    (twin / "cut.nc").write_bytes((twin / "currents.nc").read_bytes()[:9000])
    with xr.open_dataset(twin / "currents.nc") as currents:
        currents.map(lambda v: v * np.nan, keep_attrs=True).to_netcdf(twin / "nan.nc")
    (twin / "page.nc").write_text("<html>please log in</html>")
    slick = geopandas.read_file(twin / "slick_20250601T0600.geojson")
    slick.to_file(twin / "lone.shp")
    (twin / "lone.shx").unlink()
    swapped = slick.transform(lambda x: x[:, ::-1], include_z=False)
    swapped.to_file(twin / "swapped.geojson")
    with rasterio.open(twin / FIRST) as file:
        profile, nothing = file.profile, 0 * file.read()
    with rasterio.open(twin / "empty_20250601T1200.tif", "w", **profile) as file:
        file.write(nothing)
    return twin


@pytest.mark.slow
@pytest.mark.parametrize("mistake", BAD)
def test_bad_input_is_one_line_and_exit_code_2(with_bad_files, changed, tmp_path, mistake):
    old, new, named = BAD[mistake]
    out = tmp_path / "out"
    answer = witoil_here("optimise", changed((old, new)), "--out", out, "--evaluations", "2")
    lines = [line for line in answer.stderr.splitlines() if line.startswith("witoil: ")]
    assert answer.returncode == 2, answer.stderr
    assert "Traceback" not in answer.stderr
    assert len(lines) == 1
    assert named in lines[0]
    assert not out.exists()


@pytest.mark.slow
@pytest.mark.parametrize("mistake", BAD)
def test_a_check_says_what_a_run_would_be_refused_for(with_bad_files, changed, mistake):
    old, new, named = BAD[mistake]
    answer = witoil_here("check", changed((old, new)))
    assert answer.returncode == 2
    assert named in answer.stdout + answer.stderr


@pytest.mark.slow
def test_a_mask_in_another_reference_system_is_the_same_mask(twin, changed):
    import geopandas

    from witoil.case import load_case
    from witoil.scenario.prepare import prepare

    seen = geopandas.read_file(twin / "slick_20250601T0600.geojson")
    masks = []
    for name, epsg in (("degrees_20250601T1200.gpkg", 4326), ("mercator_20250601T1200.gpkg", 3857)):
        seen.to_crs(epsg).to_file(twin / name)
        case = load_case(changed(('"mask_20250601T1200.tif"', f'"{name}"')))
        masks.append(prepare(case).observations[0].mask)
    assert masks[0].any()
    assert (masks[0] != masks[1]).sum() <= 0.01 * masks[0].sum()


@pytest.mark.slow
def test_a_full_disk_leaves_nothing_half_written(twin, tmp_path):
    out = tmp_path / "out"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # writes beyond this size fail, as they do on a disk without room
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    try:
        answer = witoil_here("simulate", twin / "demo.toml", "--out", out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert answer.returncode == 2
    assert "particles.nc: could not be written" in answer.stderr
    assert list(out.iterdir()) == []


def test_help_says_all_of_what_it_is_written_as():
    """Square brackets would be taken for marks of a style, and vanish."""
    from typer.main import get_command

    from witoil.cli.main import app

    def texts(command):
        yield command.help or ""
        yield from (getattr(option, "help", None) or "" for option in command.params)
        for child in getattr(command, "commands", {}).values():
            yield from texts(child)

    assert [text for text in texts(get_command(app)) if "[" in text] == []
