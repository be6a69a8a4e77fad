"""What the processes of the service load at their start: no more than they need then."""

import json
import subprocess
import sys

import pytest

_LATER = {
    "dask", "distributed", "geopandas", "matplotlib", "netCDF4", "numba", "onnxruntime",
    "pandas", "pyarrow", "pydap", "pyproj", "rasterio", "scipy", "skimage", "sklearn", "skopt",
    "webob", "xarray", "zarr",
}  # fmt: skip

_ARRAY = "import xarray; xarray.DataArray(0); "

_PATHS = ("/health/live", "/health/ready", "/", "/tiles/coast/0/0/0.mvt")
_LOOK = """
import json, sys
from multiprocessing import get_context
from web.app import create_app
from web.settings import Settings

def look(asked):
    data, path = asked
    answer = create_app(Settings(data=data, auth="off")).test_client().get(path)
    assert answer.status_code == 200, answer.data
    return sorted({name.partition(".")[0] for name in sys.modules})

# each look is the first of its process, which begins with the application and nothing else
with get_context("fork").Pool(1, maxtasksperchild=1) as pool:
    print(json.dumps(pool.map(look, json.loads(sys.argv[1]), chunksize=1)))
"""


def loaded(code: str) -> set[str]:
    code += "import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    return set(done.splitlines()[-1].split())


@pytest.mark.slow
@pytest.mark.parametrize("module", ["server", "work.runner", "previews.previewer"])
def test_processes_start_with_little(module):
    # new tables are made by Alembic, and seldom are; tiles by Protobuf
    assert not (_LATER | {"alembic", "google", "requests"}) & loaded(f"import web.{module}; ")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("start", "without"),
    [
        ("witoil.workers; witoil.workers.forgo_dask()", {"toolz"}),
        ("web.previews.preloaded", {"toolz", "pyarrow"}),
        ("web.data.preloaded", {"toolz", "pyarrow"}),
    ],
)
def test_processes_that_compute_do_without_much(start, without):
    """Without Dask (`toolz` comes with it), and fork servers without what begins a thread."""
    found = loaded(f"import {start}; {_ARRAY}")
    assert "xarray" in found
    assert not without & found


@pytest.fixture(scope="module")
def looked(tmp_path_factory):
    """Return what is loaded after a first look at each path."""
    asked = [(str(tmp_path_factory.mktemp("data")), path) for path in _PATHS]
    done = subprocess.run(
        [sys.executable, "-c", _LOOK, json.dumps(asked)], capture_output=True, text=True, check=True
    )
    return dict(zip(_PATHS, map(set, json.loads(done.stdout)), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("path", _PATHS)
def test_first_looks_load_little(path, looked):
    assert "flask" in looked[path]
    assert not _LATER & looked[path]


@pytest.mark.slow
def test_what_is_looked_for_would_be_seen():
    assert {"xarray", "pandas", "toolz", "pyarrow"} <= loaded(_ARRAY)
