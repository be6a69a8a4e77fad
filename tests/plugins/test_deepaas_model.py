"""The simulator as a model of DEEPaaS: alone, and under the programs of DEEPaaS itself."""

import io
import json
import os
import subprocess
import zipfile
from importlib.metadata import distribution
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from tests.web.people import zipped
from witoil import deepaas
from witoil.plugins.hosted.module import HostedModule

ROOT = Path(__file__).parents[2]
CASE = """
name = "spill"
[time]
start = 2021-08-24T00:00:00Z
end = 2021-08-24T02:00:00Z
[forcing]
currents = "currents.nc"
winds = "none"
[[release]]
kind = "point"
lon = 35.5
lat = 35.1
mass_tonnes = 10
[model]
particles = 20
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder with the currents of the case."""
    time = np.arange("2021-08-23T23", "2021-08-24T04", dtype="datetime64[h]")
    axes = {
        "time": time.astype("datetime64[ns]"),
        "latitude": ("latitude", np.linspace(34.6, 35.6, 6), {"units": "degrees_north"}),
        "longitude": ("longitude", np.linspace(35.0, 36.0, 6), {"units": "degrees_east"}),
    }
    names = {"uo": "eastward_sea_water_velocity", "vo": "northward_sea_water_velocity"}
    shape = (len(time), 6, 6)
    variables = {
        name: (
            ("time", "latitude", "longitude"),
            np.full(shape, 0.1, np.float32),
            {"standard_name": standard, "units": "m s-1"},
        )
        for name, standard in names.items()
    }
    folder = tmp_path_factory.mktemp("data")
    xr.Dataset(variables, axes).to_netcdf(folder / "currents.nc")
    return folder


@pytest.fixture(scope="module")
def packed(data):
    return zipped({"case.toml": CASE.encode(), "currents.nc": (data / "currents.nc").read_bytes()})


@pytest.fixture
def thin(tmp_path, hosted_modules):
    """What an environment of DEEPaaS needs to have the model: its code and its entry point."""
    made = tmp_path / "thin" / "witoil.dist-info"
    made.mkdir(parents=True)
    ours = distribution("witoil")
    for name in ("METADATA", "entry_points.txt"):
        (made / name).write_text(ours.read_text(name))
    (made.parent / "witoil").symlink_to(ROOT / "witoil")
    return made.parent


def uploaded(tmp_path, content):
    (tmp_path / "sent").write_bytes(content)
    return SimpleNamespace(filename=str(tmp_path / "sent"))


@pytest.mark.slow
def test_a_case_with_its_data_is_simulated(tmp_path, packed):
    found = deepaas.predict(uploaded(tmp_path, packed))
    assert found["particles"] == 20
    answer = deepaas.predict(uploaded(tmp_path, packed), "application/zip")
    assert isinstance(answer, io.BytesIO)
    with zipfile.ZipFile(answer) as archive:
        assert "summary.json" in archive.namelist()


@pytest.mark.slow
def test_a_case_alone_reads_the_data_that_the_service_has(tmp_path, data, monkeypatch):
    monkeypatch.setenv(deepaas.DATA, str(data))
    found = deepaas.predict(uploaded(tmp_path, CASE.encode()))
    assert found["particles"] == 20


@pytest.mark.slow
def test_the_cli_of_deepaas_predicts(tmp_path, packed, thin, hosted_modules):
    python = HostedModule.open(hosted_modules / "plugdemo").record.python
    (tmp_path / "case.zip").write_bytes(packed)
    import sys

    environment = os.environ | {
        "PYTHONPATH": str(thin),
        "DEEPAAS_V2_MODEL": "witoil",
        deepaas.COMMAND: f"{sys.executable} -m witoil",
    }
    environment.pop("PYTHONHOME", None)
    done = subprocess.run(
        [
            python.parent / "deepaas-cli",
            "--deepaas_method_output=out.json",
            "predict",
            "--case",
            "case.zip",
        ],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["particles"] == 20


@pytest.mark.parametrize(
    "change",
    [
        'name = "/etc/passwd"',
        'name = "../a"',
        'name = "~/a"',
        'name = "${HOME}"',
        'name = "https://example.org/a"',
        'name = "thredds:example"',
        'name = "a\\\\..\\\\b"',
        '[[x]]\ny = [["/a"]]',
    ],
)
def test_a_case_that_names_what_lies_elsewhere_is_refused(tmp_path, change):
    with pytest.raises(ValueError, match=r"expected names of files that came with the case"):
        deepaas.predict(uploaded(tmp_path, change.encode()))


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"../case.toml": b"x"}, "expected plain files"),
        ({"/case.toml": b"x"}, "expected plain files"),
        ({"other.toml": b"x"}, "found no case.toml"),
        ({"case.toml": b"["}, "is no TOML"),
        ({f"{k}": b"" for k in range(1001)}, "more than 1000 files"),
        ({"case.toml": b"\xff"}, "is no TOML"),
    ],
)
def test_a_zip_that_is_none_of_a_case_is_refused(tmp_path, files, says):
    with pytest.raises(ValueError, match=says):
        deepaas.predict(uploaded(tmp_path, zipped(files)))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(deepaas, "_MOST_BYTES", 10_000)
    with pytest.raises(ValueError, match="bytes in the zip"):
        deepaas.predict(uploaded(tmp_path, zipped({"case.toml": b" " * 100_000})))


@pytest.mark.slow
def test_what_the_program_says_is_told_in_a_line(tmp_path):
    text = CASE.replace("currents.nc", "none")
    with pytest.raises(RuntimeError) as told:
        deepaas.predict(uploaded(tmp_path, text.encode()))
    assert "currents and winds" in str(told.value)
    assert str(tmp_path) not in str(told.value)
    assert "\n" not in str(told.value)


def test_the_program_is_told_no_secrets(tmp_path, monkeypatch):
    spy = tmp_path / "spy"
    spy.write_text(f"#!/bin/sh\nenv > {tmp_path}/seen\nexit 1\n")
    spy.chmod(0o755)
    monkeypatch.setenv(deepaas.COMMAND, str(spy))
    monkeypatch.setenv("WITOIL_SSO_SECRET", "abc")
    with pytest.raises(RuntimeError, match="ended with code 1"):
        deepaas.predict(uploaded(tmp_path, b'name = "spill"'))
    assert "SECRET" not in (tmp_path / "seen").read_text()


def test_what_is_told_of_the_model_is_that_of_the_package():
    said = deepaas.get_metadata()
    assert (said["name"], said["license"]) == ("witoil", "Apache-2.0 AND ODbL-1.0")
