"""What the processes of the service load at their start: no more than they need then."""

import subprocess
import sys

import pytest

_LATER = {
    "dask", "distributed", "geopandas", "matplotlib", "netCDF4", "numba", "onnxruntime",
    "pandas", "pyarrow", "pydap", "pyproj", "rasterio", "scipy", "skimage", "sklearn", "skopt",
    "webob", "xarray", "zarr",
}  # fmt: skip

_APP = "from web.app import create_app; from web.settings import Settings; "
_ASK = (
    "client = create_app(Settings(data={data!r}, auth='off')).test_client(); "
    "answer = client.get({path!r}); assert answer.status_code == 200, answer.data; "
)


def loaded(code: str) -> set[str]:
    code += "import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    return set(done.splitlines()[-1].split())


@pytest.mark.slow
@pytest.mark.parametrize("module", ["server", "work.runner", "previews.previewer"])
def test_processes_start_with_little(module):
    assert not _LATER & loaded(f"import web.{module}; ")


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/", "/tiles/coast/0/0/0.mvt"])
def test_first_looks_load_little(tmp_path, path):
    code = _APP + _ASK.format(data=str(tmp_path), path=path)
    assert not _LATER & loaded(code)


@pytest.mark.slow
def test_what_is_looked_for_would_be_seen():
    assert {"xarray", "pandas"} <= loaded("import xarray; ")
