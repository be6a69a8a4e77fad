"""Jobs that are killed go on, to the same bits, where they are the same job."""

from functools import partial
from pathlib import Path

import pytest
import xarray as xr

from tests.witoil.killing import kill
from witoil import jobs
from witoil.case import load_case
from witoil.errors import OutputError
from witoil.outputs import checkpoints

MEMBERS = "[trace]\nmembers = 5\nparticles = 500\n\n[ensemble]\nmembers = 5\n\n[oil]"
EVERY = "output_interval_minutes = 120"
SMALL = ("particles = 20_000", f"particles = 1_000\n{EVERY}"), ("[oil]", MEMBERS)
RESULT = {
    jobs.simulate: ("particles.nc", "restart.nc", "budget.csv"),
    jobs.ensemble: ("probability.tif", "first_arrival_hours.tif", "coast.csv"),
    jobs.trace: ("source_probability.tif", "source_times.csv"),
}


class KilledError(Exception):
    pass


@pytest.fixture
def case(changed):
    return load_case(changed(*SMALL))


@pytest.fixture(scope="module")
def whole(twin, tmp_path_factory):
    """The folder of the same case, simulated from start to end: to read."""
    text = (twin / "demo.toml").read_text()
    for old, new in SMALL:
        text = text.replace(old, new)
    (twin / "whole.toml").write_text(text)
    folder = tmp_path_factory.mktemp("whole")
    simulate(load_case(twin / "whole.toml"), folder)
    return folder


@pytest.fixture
def often(monkeypatch):
    monkeypatch.setattr(checkpoints, "SECONDS", 0.0)


def simulate(case, folder, **options):
    """Simulate without pictures, which no run goes on with."""
    return jobs.simulate(case, folder, pictures=False, **options)


def stop_after(calls):
    """Return what stops a job when it has told so often how far it is; and what it was told."""
    told = []

    def progress(share, note):
        if share > 0.0:
            told.append(share)
        if calls and len(told) == calls:
            raise KilledError

    return progress, told


def kept(folder):
    return sorted(path.name for path in (folder / ".witoil-checkpoint").glob("*"))


def has_parts(folder, number):
    return sum(name.startswith("part") for name in kept(folder)) >= number


def assert_same(job, one, other):
    for name in RESULT[job]:
        first, second = one / name, other / name
        if name.endswith(".nc"):
            with xr.open_dataset(first) as a, xr.open_dataset(second) as b:
                a.attrs.pop("history", None), b.attrs.pop("history", None)
                assert a.identical(b), name
        else:
            assert first.read_bytes() == second.read_bytes(), name


@pytest.mark.slow
@pytest.mark.parametrize("job", RESULT)
def test_a_job_that_was_stopped_goes_on_to_the_same_bits(case, tmp_path, often, job):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    everything = stop_after(0)
    job(case, whole, progress=everything[0], pictures=False)
    with pytest.raises(KilledError):
        job(case, broken, progress=stop_after(3)[0], pictures=False)
    assert "made_from.json" in kept(broken)
    rest = stop_after(0)
    job(case, broken, progress=rest[0], pictures=False)
    assert rest[1] == everything[1][-len(rest[1]) :]
    assert len(rest[1]) < len(everything[1])
    assert not kept(broken)
    assert_same(job, broken, whole)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["particles = 1_001", "particles = 1_000\nseed = 2"])
def test_a_job_that_differs_begins_anew(changed, case, tmp_path, often, model):
    with pytest.raises(KilledError):
        simulate(case, tmp_path, progress=stop_after(3)[0])
    other = load_case(changed(("particles = 20_000", f"{model}\n{EVERY}"), SMALL[1]))
    simulate(other, tmp_path)
    simulate(other, tmp_path / "whole")
    assert_same(jobs.simulate, tmp_path, tmp_path / "whole")


@pytest.mark.slow
def test_a_job_begins_anew_where_an_input_has_changed(case, twin, tmp_path, often):
    with pytest.raises(KilledError):
        simulate(case, tmp_path, progress=stop_after(3)[0])
    with xr.open_dataset(twin / "winds.nc") as file:
        winds = file.load()
    before = (twin / "winds.nc").read_bytes()
    try:
        (1.01 * winds).assign_attrs(winds.attrs).map(
            lambda v: v.assign_attrs(winds[v.name].attrs)
        ).to_netcdf(twin / "winds.nc")
        progress, told = stop_after(0)
        simulate(case, tmp_path, progress=progress)
    finally:
        (twin / "winds.nc").write_bytes(before)
    whole = stop_after(0)
    simulate(case, tmp_path / "whole", progress=whole[0])
    assert told == whole[1]


@pytest.mark.slow
def test_what_is_damaged_begins_anew(case, whole, tmp_path, often):
    with pytest.raises(KilledError):
        simulate(case, tmp_path, progress=stop_after(4)[0])
    part = sorted((tmp_path / ".witoil-checkpoint").glob("part-*.npz"))[0]
    part.write_bytes(part.read_bytes()[:100])
    simulate(case, tmp_path)
    assert_same(jobs.simulate, tmp_path, whole)


@pytest.mark.slow
def test_a_folder_with_the_checkpoint_of_another_case_is_refused(case, changed, tmp_path, often):
    with pytest.raises(KilledError):
        simulate(case, tmp_path, progress=stop_after(3)[0])
    other = load_case(changed(*SMALL, ('name = "demo"', 'name = "other"')))
    with pytest.raises(OutputError, match=r"what `witoil simulate` made of the case 'demo'"):
        simulate(other, tmp_path)
    simulate(other, tmp_path, force=True)
    assert not kept(tmp_path)


@pytest.mark.slow
def test_a_short_run_keeps_nothing(case, tmp_path):
    with pytest.raises(KilledError):
        simulate(case, tmp_path / "out", progress=stop_after(3)[0])
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize("job", RESULT)
def test_a_process_that_is_killed_goes_on_to_the_same_bits(case, tmp_path, often, job):
    out, whole = tmp_path / "out", tmp_path / "whole"
    work = partial(job, case, pictures=False)
    for parts in (1, 3):
        kill(work, out, when=partial(has_parts, out, parts))
        assert kept(out)
    for folder in (out, whole):
        work(folder)
    assert_same(job, out, whole)
    assert not kept(out)


@pytest.mark.slow
@pytest.mark.parametrize("write", ["restart", "part", "old restarts"])
@pytest.mark.parametrize("number", [0, 1])
def test_a_job_goes_on_whatever_was_written_last(
    case, whole, often, tmp_path, monkeypatch, write, number
):
    """Killed before a file of a checkpoint is written, or before the last restart is removed."""
    name = {"restart": f"restart-{number:06d}.nc", "part": f"part-{number:06d}.npz"}.get(write)

    def kill(path):
        if path.name == name:
            raise KilledError

    def replacing(path):
        kill(path)
        return replace(path)

    def write_restart(case, restart, path):
        kill(path)
        return written(case, restart, path)

    def unlink(path, **options):
        if write == "old restarts" and path.name == f"restart-{number:06d}.nc":
            raise KilledError
        return removed(path, **options)

    replace, written, removed = checkpoints.replacing, checkpoints.write_restart, Path.unlink
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "replacing", replacing)
        patch.setattr(checkpoints, "write_restart", write_restart)
        patch.setattr(Path, "unlink", unlink)
        with pytest.raises(KilledError):
            simulate(case, tmp_path / "killed")
    simulate(case, tmp_path / "killed")
    assert_same(jobs.simulate, tmp_path / "killed", whole)


@pytest.mark.slow
@pytest.mark.parametrize("first", ["restart-*", "*-000000.*", "*0.*", "made_from.json"])
def test_a_job_that_is_killed_while_it_forgets_gives_the_same(
    case, whole, often, tmp_path, monkeypatch, first
):
    """Killed when all was written and some of its checkpoint is removed, whatever that is."""

    def remove_some(room, **_):
        removed = [*room.glob("restart-*.nc"), *room.glob(first)]
        for path in removed:
            path.unlink(missing_ok=True)
        if removed:
            raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.shutil, "rmtree", remove_some)
        with pytest.raises(KilledError):
            simulate(case, tmp_path / "killed")
    assert kept(tmp_path / "killed")
    simulate(case, tmp_path / "killed")
    assert_same(jobs.simulate, tmp_path / "killed", whole)
    assert not kept(tmp_path / "killed")
