"""What is loaded: whole processes, since a module that one test loads is there for all others."""

import subprocess
import sys

import pytest

from witoil.beside import _may_be_copied

LOADED = "import sys; print(*sorted(name for name, module in sys.modules.items() if module))"
RUN = f"from witoil.cli.main import app; app(standalone_mode=False); {LOADED}"
CLUSTER = {"boto3", "dask", "distributed", "pyarrow", "tornado"}
SEARCH = {"skopt", "sklearn", "scipy.stats", "scipy.optimize", "scipy.ndimage", "cma"}
NETWORK = {"requests", "pydap", "siphon", "flask", "zarr", "mlflow"}
LOOKED_FOR = {"cffi", "yaml", "mpl_toolkits.mplot3d", "scipy.linalg"}
OTHER_COMMANDS = {"witoil.cli.others", "witoil.cli.plugins", "witoil.cli.catalog"}
ARRAYS = {"numba", "xarray", "pandas", "scipy", "matplotlib", "rasterio"}


def loaded(code, *arguments):
    """Return the names of all modules at the end of a process."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(answer.stdout.splitlines()[-1].split())


@pytest.mark.slow
def test_a_simulation_loads_what_it_needs_and_no_more(changed, tmp_path):
    case = changed(("20_000", "400"))
    modules = loaded(RUN, "simulate", case, "--out", tmp_path / "out")
    assert (tmp_path / "out" / "coast.png").is_file() or (tmp_path / "out" / "budget.png").is_file()
    assert "numba" in modules
    # pictures are drawn in a copy of the process, where there can be one
    assert ("matplotlib" in modules) != _may_be_copied()
    assert not modules & (CLUSTER | SEARCH | NETWORK | LOOKED_FOR | OTHER_COMMANDS)


@pytest.mark.slow
def test_jobs_without_pictures_load_nothing_that_draws():
    parts = ("calibration", "ensemble", "forecast", "reconstruction", "trace")
    modules = loaded(f"import {', '.join(f'witoil.outputs.{part}' for part in parts)}; {LOADED}")
    assert "matplotlib" not in modules


@pytest.mark.slow
def test_a_list_of_oils_starts_no_compiler():
    modules = loaded(RUN, "oils")
    assert "numpy" in modules
    assert not modules & (CLUSTER | SEARCH | NETWORK | ARRAYS)


@pytest.mark.slow
def test_slicks_of_vector_files_are_listed_without_model_and_xarray(twin, tmp_path):
    shape = next(twin.glob("slick_*.geojson"))
    (tmp_path / "20210824-0810-SYR-PL-A-01-S3.geojson").write_bytes(shape.read_bytes())
    modules = loaded(RUN, "catalog", "events", tmp_path)
    assert "geopandas" in modules
    assert not modules & (CLUSTER | SEARCH | NETWORK | {"numba", "xarray", "scipy", "matplotlib"})


@pytest.mark.slow
def test_the_command_line_itself_loads_no_arrays():
    assert not loaded(f"import witoil.cli.main; {LOADED}") & (ARRAYS | CLUSTER | {"numpy"})


@pytest.mark.slow
def test_what_one_library_asks_for_in_vain_is_there_for_others():
    code = (
        "from witoil.lean import lean; import sys\n"
        "with lean():\n"
        "    import numba.np.arraymath\n"
        "    assert 'scipy.linalg' not in sys.modules\n"
        "    import scipy.spatial\n"
        f"{LOADED}"
    )
    assert "scipy.linalg.cython_blas" in loaded(code)
