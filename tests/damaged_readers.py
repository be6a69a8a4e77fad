"""Reads damaged inputs, one after the other, and says what came of each: a line of JSON for each.

``python -m tests.damaged_readers SEED FIRST LAST`` in a process of its own, since what is damaged
may crash a library or hang it: then the last line names who was about to be read.
"""

import faulthandler
import gc
import json
import os
import resource
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
import xarray as xr

import catalog.files.probe
from benchmarks._damage import damage
from benchmarks._inputs import FORCING, IDENTIFIER, SLICKS, write_inputs
from catalog.remote.opendap import Opendap
from catalog.remote.store import Store
from catalog.remote.thredds_xml import parse_catalogue
from catalog.server.app import create_app
from catalog.services.registry import Registry
from catalog.slicks.events import read_events
from simulator.errors import SimulatorError
from witoil.calibration.scoring import score_files
from witoil.calibration.study import read_history
from witoil.case import load_case
from witoil.errors import CaseError, WitoilError
from witoil.forecast.forecasting import _read_rows
from witoil.outputs.provenance import in_words, read_provenance
from witoil.outputs.restart import read_restart

LIMIT_SECONDS = 60.0
_MEMORY = 8 * 2**30

SHORES = ("sand", "rock")


class Sample(NamedTuple):
    """One way to read one kind of input.

    Attributes
    ----------
    name : str
        Of the input, which is damaged.
    read : callable
        Gets its path, others beside it.
    check : callable
        Raises `AssertionError` where what was read makes no sense.
    """

    name: str
    read: Callable[[Path], Any]
    check: Callable[[Any], object] = lambda result: None


def _check_forcing(data: xr.Dataset) -> None:
    assert data.sizes["time"] > 0
    for axis in ("time", "latitude", "longitude"):
        assert (np.diff(data[axis]).astype(float) > 0.0).all(), axis
    assert float(abs(data["latitude"]).max()) <= 90.0
    for name in data.data_vars:
        values = data[name].to_numpy()
        assert not np.isinf(values).any(), name
        assert np.nanmax(np.abs(values), initial=0.0) < 1e4, name


def _check_area(area: Any) -> None:
    assert area.is_valid
    assert np.isfinite(area.bounds).all() or area.is_empty
    west, south, east, north = area.bounds if not area.is_empty else (0, 0, 0, 0)
    assert -360.0 <= west <= east <= 540.0
    assert -90.0 <= south <= north <= 90.0


def _check_slick(slick: catalog.Slick) -> None:
    assert not slick.geometry.is_empty
    _check_area(slick.geometry)


def _check_events(found: Any) -> None:
    events, problems = found
    assert events or problems
    assert all("\n" not in problem for problem in problems)


def _check_oil(oil: catalog.OilRecord) -> None:
    numbers = [
        n for points in (oil.densities, oil.viscosities, oil.cuts) for p in points for n in p
    ]
    numbers += [n for n in (oil.max_water_fraction, oil.pour_point) if n is not None]
    assert np.isfinite(numbers).all(), numbers


def _check_thickness(found: catalog.ThicknessMap) -> None:
    assert np.isfinite(found.thickness).all()
    assert (found.thickness >= 0.0).all()


def _check_track(track: catalog.Track) -> None:
    assert np.isfinite([track.longitude, track.latitude]).all()
    assert (np.diff(track.times) > np.timedelta64(0)).all()


def _open_values(path: Path) -> xr.Dataset:
    """Read all answers of a server, one of which is damaged."""
    with tempfile.TemporaryDirectory() as folder, _answering(path):
        store = Store(Path(folder), 10**9)
        return Opendap("http://host/bay").open(store).load()


def _answering(folder: Path) -> Any:
    """Have OPeNDAP's requests answered by the files of a folder."""

    def fetch(url: str, file: Path, *, check: Any = None, **_: Any) -> dict[str, str]:
        address, _, query = url.partition("?")
        name = query.partition("%5B")[0] or "bay"
        held = folder / f"{name}.{address.rpartition('.')[2]}"
        if not held.is_file():
            raise catalog.UnreadableFileError(f"{url}: the server answers 404")
        shutil.copyfile(held, file)
        if check is not None:
            check(file)
        return {}

    return patch("catalog.remote.opendap.download", fetch)


def _list_oils(path: Path) -> list[Any]:
    return [
        catalog.look_up_oil(oil.id, path) for oil in catalog.find_oils("", path) if oil.suitable
    ]


def _restart(path: Path) -> xr.Dataset:
    later = path.with_name("case.toml").read_text(encoding="utf-8").replace("T03:00", "T04:00")
    case = path.with_name("later.toml")
    case.write_text(later, encoding="utf-8")
    return read_restart(path, load_case(case))


def _head(path: Path) -> dict[str, Any]:
    study: dict[str, Any] = json.loads((path.parent / "whole" / path.name).read_text())
    return study


def _study(path: Path) -> Any:
    return read_history(path.parent, _head(path))


def _rows(path: Path) -> Any:
    folder = path.parent / "forecast"
    folder.mkdir(exist_ok=True)
    shutil.copyfile(path, folder / "study.json")
    return _read_rows(folder, _head(path))


def _provenance(path: Path) -> list[str]:
    return list(in_words(read_provenance(path.parent)))


def _cache(path: Path) -> Any:
    folder = path.parent / "cache"
    folder.mkdir(exist_ok=True)
    shutil.copyfile(path, folder / "index.sqlite")
    store = Store(folder, 10**9)
    store.evict()
    return store.entries()


SAMPLES = (
    *(
        Sample(f"currents.{kind}", lambda p: catalog.open_forcing(p, "currents"), _check_forcing)
        for kind in FORCING
        for _ in range(2)
    ),
    Sample("projected.nc", lambda p: catalog.open_forcing(p, "currents"), _check_forcing),
    Sample("projected.nc", lambda p: catalog.open_forcing(p, "currents"), _check_forcing),
    Sample("winds.nc", lambda p: catalog.open_forcing(p, "winds"), _check_forcing),
    Sample("winds.zarr", lambda p: catalog.open_forcing(p, "winds"), _check_forcing),
    Sample("waves.nc", lambda p: catalog.open_forcing(p, "waves"), _check_forcing),
    Sample("opendap", _open_values),
    *(Sample(f"{IDENTIFIER}.{kind}", catalog.read_slick, _check_slick) for kind in SLICKS),
    Sample(f"{IDENTIFIER}.shp", catalog.read_slick, _check_slick),
    Sample("dated.geojson", catalog.read_slick, _check_slick),
    Sample("gcps.tif", catalog.read_slick, _check_slick),
    Sample("events", read_events, _check_events),
    Sample("stac", read_events, _check_events),
    Sample("thickness.tif", catalog.read_thickness, _check_thickness),
    Sample("thickness.nc", catalog.read_thickness, _check_thickness),
    Sample("track.csv", catalog.read_track, _check_track),
    Sample("track.geojson", catalog.read_track, _check_track),
    Sample("line.geojson", catalog.read_lines),
    Sample("shore.geojson", lambda p: catalog.read_shore_types(p, SHORES)),
    Sample(
        "land.geojson", lambda p: catalog.read_land((34.0, 35.0, 35.5, 36.0), str(p)), _check_area
    ),
    Sample("oil.json", catalog.read_oil, _check_oil),
    Sample("oils.zip", _list_oils),
    Sample("catalog.xml", lambda p: parse_catalogue(p.read_bytes(), "http://host/catalog.xml")),
    Sample("datasets.toml", lambda p: Registry.load(p)),
    Sample("case.toml", load_case),
    Sample("restart.nc", _restart),
    Sample("study.json", _study),
    Sample("forecast.json", _rows),
    Sample("provenance.json", _provenance),
    Sample("index.sqlite", _cache),
    Sample("seen.tif", catalog.read_slick, _check_slick),
    Sample("mask.tif", lambda p: score_files(p, p.with_name("seen.geojson"), windows=[1, 3])),
)


def write_samples(folder: Path) -> None:
    """Write what all samples read, whole."""
    write_inputs(folder)
    _write_answers(folder / "currents.nc", folder / "opendap")
    (folder / "events").mkdir()
    for file in folder.glob(f"{IDENTIFIER}.*"):
        if file.suffix in (".geojson", ".gpkg", ".tif"):
            shutil.copyfile(
                file, folder / "events" / f"{IDENTIFIER}_{file.suffix[1:]}{file.suffix}"
            )
    from catalog.slicks.stac import write_stac

    events, _ = read_events(folder / f"{IDENTIFIER}.geojson")
    write_stac(events, folder / "stac")
    Store(folder / "cache", 10**9).get("http://host/a", lambda p: p.write_text("a") and None)
    shutil.move(folder / "cache" / "index.sqlite", folder / "index.sqlite")
    shutil.rmtree(folder / "cache")
    _write_results(folder)


def _write_answers(file: Path, folder: Path) -> None:
    """Write what a server says of a file, and all its values."""
    folder.mkdir()
    client = create_app(file.parent).test_client()
    for suffix in ("dds", "das"):
        answer = client.get(f"/thredds/dodsC/{file.name}.{suffix}")
        (folder / f"bay.{suffix}").write_bytes(answer.data)
    for name in ("uo", "vo", "time", "lat", "lon", "depth", "thetao"):
        answer = client.get(f"/thredds/dodsC/{file.name}.dods?{name}")
        assert answer.status_code == 200, answer.data
        (folder / f"{name}.dods").write_bytes(answer.data)


def _write_results(folder: Path) -> None:
    """Write what a run and a study of the case leave behind."""
    from optimizer import History, Parameter, Space, Trial
    from witoil.calibration.study import checksum, write_study
    from witoil.claim import claimed
    from witoil.outputs.provenance import recorded
    from witoil.outputs.restart import NAME, write_restart
    from witoil.outputs.run import write_mask
    from witoil.scenario.prepare import prepare
    from witoil.scenario.run import run
    from witoil.versions import versions

    case = load_case(folder / "case.toml")
    after: list[Any] = []
    with claimed(folder), recorded("simulate", case, folder):
        scenario = prepare(case)
        run(scenario, on_end=after.append)
    write_restart(case, after[0], folder / NAME)
    seen = scenario.observations[0]
    write_mask(seen.mask, scenario.grid, seen.time, folder / "mask.tif")
    head = {"name": case.name, "versions": versions(), "case": case.model_dump(mode="json")}
    head["default"] = {"score": 0.5}
    space = Space((Parameter("current_factor", 0.0, 2.0, 1.0),))
    trials = [
        Trial(k, {"current_factor": 0.5 * k}, 0.1 * k, {"fss": {"1": 0.5}}, None, "initial", 1.0)
        for k in range(3)
    ]
    write_study(folder, head, History(trials), space)
    rows = [{"parameters": {"current_factor": 1.0}, "outcomes": {"0": {"score": 0.5}}}]
    walk = {**head, "history": rows, "checksum": checksum(rows)}
    (folder / "forecast.json").write_text(json.dumps(walk))
    (folder / "whole").mkdir()
    for name in ("study.json", "forecast.json"):
        shutil.copyfile(folder / name, folder / "whole" / name)


def read(seed: int, number: int, whole: Path, folder: Path) -> dict[str, Any]:
    """Damage one input and read it; return what came of it."""
    chance = Random(f"{seed} {number}")
    sample = SAMPLES[number % len(SAMPLES)]
    # links cost little, but for the many of a folder that is not read; what is damaged is a copy
    folders = {each.name for each in whole.iterdir() if each.is_dir()} - {sample.name, "whole"}
    shutil.copytree(
        whole, folder, copy_function=os.link, ignore=lambda at, names: folders.intersection(names)
    )
    path = folder / sample.name
    for file in [path, *folder.glob(f"{path.stem}.*"), *path.rglob("*")]:
        if file.is_file():
            content = file.read_bytes()
            file.unlink()
            file.write_bytes(content)
    told = {"number": number, "sample": sample.name, "damage": damage(path, chance)}
    print(json.dumps(told), flush=True)
    faulthandler.dump_traceback_later(LIMIT_SECONDS, exit=True)
    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # libraries warn of much before they give up
            sample.check(sample.read(path))
        told["outcome"] = "read"
    except (catalog.CatalogError, SimulatorError, WitoilError) as refusal:
        is_line = "\n" not in str(refusal) or isinstance(refusal, CaseError)
        told["outcome"] = "refused" if is_line else "several lines"
        told["message"] = str(refusal)
    except BaseException:
        told["outcome"] = "fault"
        told["message"] = traceback.format_exc()
    finally:
        faulthandler.cancel_dump_traceback_later()
        told["seconds"] = time.perf_counter() - start
    return told


def main() -> None:
    """Read the inputs of some numbers."""
    gc.freeze()  # what is loaded stays, and what is read leaves little
    gc.set_threshold(50_000, 20, 20)
    seed, *numbers = map(int, sys.argv[1:])
    catalog.files.probe.LIMIT_SECONDS = LIMIT_SECONDS / 4.0
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    with tempfile.TemporaryDirectory() as name:
        os.environ["WITOIL_CACHE"] = f"{name}/cache"
        whole = Path(name) / "whole"
        whole.mkdir()
        write_samples(whole)
        for sample in SAMPLES:
            sample.check(sample.read(whole / sample.name))
        for number in range(*numbers):
            folder = Path(name) / str(number)
            print(json.dumps(read(seed, number, whole, folder)), flush=True)
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
