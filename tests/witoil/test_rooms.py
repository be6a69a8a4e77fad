"""Each room alone: what it loads in an interpreter of its own, and what it writes.

What is above and below is read from the contracts in `pyproject.toml`: a new room counts, too.
"""

import ast
import json
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]["contracts"]
DRAWS, PAGES = "matplotlib", "jinja2"
LOAD = f"""
import json, os, sys
from importlib import import_module
from multiprocessing import get_context
from pkgutil import walk_packages
# what takes the time to load, once: each room begins with these and nothing else
libraries = ("geopandas", "numba", "pydantic", "rasterio", "scipy.optimize", "xarray")
for library in (*libraries, "netCDF4", "requests_cache", "scipy.stats"):
    import_module(library)
ours = {{"aquatic", "simulator", "optimizer", "catalog", "witoil"}}
assert not ours.union(["{DRAWS}", "{PAGES}"]).intersection(sys.modules)
def load(name):
    room = import_module(name)
    for part in walk_packages(getattr(room, "__path__", ()), f"{{name}}."):
        if part.name != "catalog.files._open_netcdf":  # a program
            import_module(part.name)
    return [name for name, module in sys.modules.items() if module]
with get_context("fork").Pool(os.cpu_count(), maxtasksperchild=1) as pool:
    print(json.dumps(pool.map(load, sys.argv[1:], chunksize=1)))
"""
WRITES = {
    *(
        "replacing",
        "filling",
        "write_text",
        "write_bytes",
        "write_json",
        "write_plain",
        "copy_into",
        "mkdir",
    ),
    *("to_netcdf", "to_zarr", "to_file", "to_csv", "copyfile", "unlink", "rmtree", "rename"),
}


def layers_of(package):
    """Return the rooms of a package as the contracts have them, from above to below."""
    (layers,) = (it["layers"] for it in CONTRACTS if it.get("containers") == [package])
    return [[f"{package}.{room.strip()}" for room in layer.split("|")] for layer in layers]


def below(room):
    """Return the rooms of witoil that lie below one."""
    layers = layers_of("witoil")
    (at,) = (k for k, layer in enumerate(layers) if f"witoil.{room}" in layer)
    return [each for layer in layers[at + 1 :] for each in layer]


ROOMS = [
    *("simulator", "optimizer"),
    *(room for package in ("catalog", "witoil") for layer in layers_of(package) for room in layer),
]


@pytest.fixture(scope="module")
def loaded():
    """Return the modules that are there when all of a room is loaded, by the room."""

    command = [sys.executable, "-c", LOAD, *ROOMS]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(zip(ROOMS, map(set, json.loads(answer.stdout)), strict=True))


@cache
def modules_of(room):
    """Return the files of a room, each as a tree."""
    path = ROOT.joinpath(*room.split("."))
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
    return {file.relative_to(ROOT).as_posix(): ast.parse(file.read_text("utf-8")) for file in files}


def test_every_part_of_the_packages_is_a_room():
    for package in ("witoil", "catalog"):
        parts = {
            f"{package}.{path.stem}"
            for path in (ROOT / package).iterdir()
            if path.suffix == ".py" or (path / "__init__.py").is_file()
        }
        assert parts - {f"{package}.__init__", f"{package}.__main__"} == {
            room for layer in layers_of(package) for room in layer
        }


@pytest.mark.slow
def test_every_room_is_loaded_whole(loaded):
    assert all(room in modules for room, modules in loaded.items())
    assert {"witoil.forecast.walk", "witoil.scenario.run"} <= loaded["witoil.forecast"]
    assert "catalog.slicks.slick" in loaded["catalog.slicks"]


@pytest.mark.slow
def test_nothing_below_figures_draws(loaded):
    assert DRAWS in loaded["witoil.figures"]
    rooms = [*below("figures"), *(room for room in ROOMS if not room.startswith("witoil."))]
    assert [room for room in rooms if DRAWS in loaded[room]] == []


@pytest.mark.slow
def test_nothing_but_reports_makes_pages(loaded):
    assert PAGES in loaded["witoil.report"]
    # the library of the server brings its own
    rooms = [room for room in ROOMS if "witoil.report" not in loaded[room]]
    assert set(below("report")) <= set(rooms)
    assert [room for room in rooms if PAGES in loaded[room]] == ["catalog.server"]


@pytest.mark.slow
@pytest.mark.parametrize("package", ["catalog", "witoil"])
def test_no_room_loads_one_above_it(package, loaded):
    layers = layers_of(package)
    for k, layer in enumerate(layers):
        for room in layer:
            above = {each for higher in layers[:k] for each in higher}
            assert not above & loaded[room]


@pytest.mark.slow
@pytest.mark.parametrize("library", [DRAWS, PAGES])
def test_only_its_rooms_name_a_library(library):
    allowed = {
        DRAWS: ("witoil/figures/", "witoil/player/stills.py", "witoil/report/"),
        PAGES: ("witoil/report/",),
    }[library]
    named = {
        file
        for room in ROOMS
        for file, tree in modules_of(room).items()
        for node in ast.walk(tree)
        if library in [part.split(".")[0] for part in _imported(node)]
    }
    assert named
    assert [file for file in named if not file.startswith(allowed)] == []


@pytest.mark.slow
def test_nothing_below_outputs_writes_but_the_study():
    """The restart stands in outputs; what others write is written by those above."""
    mechanism = {"witoil.files", "witoil.claim"}
    rooms = {*below("outputs"), "simulator", "optimizer"} - mechanism
    assert {
        file
        for room in rooms
        for file, tree in modules_of(room).items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _called(node) in WRITES
    } == {"witoil/calibration/study.py", "witoil/forecast/forecasting.py"}


def _imported(node):
    match node:
        case ast.Import(names=names):
            return [name.name for name in names]
        case ast.ImportFrom(module=str() as module):
            return [module]
    return []


def _called(node):
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
