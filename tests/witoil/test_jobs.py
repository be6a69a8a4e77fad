"""Jobs: from a case to a folder, cancelled without a trace, and one case's run in a folder."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from witoil import jobs
from witoil.case import load_case
from witoil.errors import CaseError, OutputError

SMALL = ("particles = 20_000", "particles = 1_000"), ("evaluations = 80", "evaluations = 11")
PLACE = "[optimise.parameters]", "[optimise.parameters]\nsource_east_km = [-2, 2]"


class CancelledError(Exception):
    pass


@pytest.fixture
def case(changed):
    return load_case(changed(*SMALL))


def files(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def provenance(folder):
    return json.loads((folder / "provenance.json").read_text())


@pytest.mark.slow
def test_a_simulation_tells_how_far_it_is_and_what_it_wrote(case, tmp_path):
    told, covered = [], []
    summary = jobs.simulate(
        case,
        tmp_path,
        progress=lambda share, note: told.append((share, note)),
        on_coverage=covered.extend,
    )
    shares = [share for share, _ in told]
    assert told[0] == (0.0, "reading forcing, slicks and coastline")
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(covered) == len(summary["coverage"])
    document = provenance(tmp_path)
    assert (document["command"], document["name"]) == ("simulate", "demo")
    assert {*document["outputs"], "provenance.json"} == files(tmp_path)


@pytest.mark.slow
def test_a_search_tells_what_the_best_run_scores(case, tmp_path):
    """Not the score less what its priors take off, which nobody else is told."""
    told = []
    study = jobs.optimise(
        case, tmp_path, progress=lambda _, note: told.append(note), pictures=False
    )
    best = study["best"]
    assert f"{best['score']:.3f}" != f"{best['penalised']:.3f}"
    assert told[-1] == f"best score {best['score']:.3f}"


@pytest.mark.slow
@pytest.mark.parametrize("job", [jobs.simulate, jobs.optimise, jobs.trace, jobs.ensemble])
def test_a_job_that_is_cancelled_leaves_nothing_half_written(changed, tmp_path, job):
    case = load_case(changed(*SMALL, ("[oil]", "[trace]\nmembers = 4\n\n[ensemble]\n\n[oil]")))
    calls = 0

    def progress(share, note):
        nonlocal calls
        calls += share > 0.0
        if calls:
            raise CancelledError

    with pytest.raises(CancelledError):
        job(case, tmp_path / "out", progress=progress)
    left = files(tmp_path / "out") if (tmp_path / "out").exists() else set()
    assert left <= {"study.json", "provenance.json"}
    for name in left:
        json.loads((tmp_path / "out" / name).read_text())


@pytest.mark.slow
def test_a_folder_with_the_run_of_another_case_or_command_is_refused(case, changed, tmp_path):
    jobs.simulate(case, tmp_path, pictures=False)
    before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    other = load_case(changed(*SMALL, ('name = "demo"', 'name = "other"')))
    with pytest.raises(OutputError, match=r"holds what `witoil simulate` made of the case 'demo'"):
        jobs.simulate(other, tmp_path)
    with pytest.raises(OutputError, match=r"another --out, or --force"):
        jobs.optimise(case, tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == before


@pytest.mark.slow
def test_force_replaces_a_run_whole_and_nothing_else(case, changed, tmp_path):
    jobs.optimise(case, tmp_path, pictures=False)
    (tmp_path / "notes.txt").write_text("mine")
    other = load_case(changed(*SMALL, ('name = "demo"', 'name = "other"')))
    jobs.simulate(other, tmp_path, force=True)
    assert {*provenance(tmp_path)["outputs"], "provenance.json", "notes.txt"} == files(tmp_path)
    assert not (tmp_path / "best").exists()
    assert provenance(tmp_path)["name"] == "other"


@pytest.mark.slow
def test_what_the_same_case_does_not_write_again_is_removed(case, changed, tmp_path):
    jobs.simulate(case, tmp_path, pictures=False)
    assert (tmp_path / "mask_20250601T1800.tif").exists()
    whole = changed(*SMALL).read_text()
    last = '[[observation]]\ngeometry = "mask_20250601T1800.tif"\n'
    assert last in whole
    shorter = load_case(changed(*SMALL, (last, "")))
    jobs.simulate(shorter, tmp_path, pictures=False)
    assert not (tmp_path / "mask_20250601T1800.tif").exists()
    assert (tmp_path / "mask_20250601T1200.tif").exists()


def test_a_search_that_was_killed_is_known_by_its_study(case, changed, tmp_path):
    (tmp_path / "study.json").write_text(json.dumps({"name": "another"}))
    with pytest.raises(OutputError, match="made of the case 'another'"):
        jobs.simulate(case, tmp_path)


@pytest.mark.slow
def test_nothing_outside_the_folder_is_removed(case, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "mine.txt").write_text("mine")
    jobs.simulate(case, tmp_path / "out", pictures=False)
    document = provenance(tmp_path / "out")
    document["outputs"] += ["../mine.txt", str(tmp_path / "mine.txt")]
    (tmp_path / "out" / "provenance.json").write_text(json.dumps(document))
    jobs.simulate(case, tmp_path / "out", pictures=False, force=True)
    assert (tmp_path / "mine.txt").read_text() == "mine"


@pytest.mark.slow
def test_the_score_of_a_run_is_that_of_its_simulation(changed, twin, tmp_path):
    case = load_case(changed(SMALL[0], ("[oil]", "[score]\nresolution_m = 300\n\n[oil]")))
    summary = jobs.simulate(case, tmp_path / "a", pictures=False)
    for score, observed in zip(summary["scores"], case.observation, strict=True):
        (path,) = case.paths(observed.geometry)
        found = jobs.score(tmp_path / "a", Path(path), windows=case.score.windows)
        assert found["fss"] == score["fss"]


@pytest.mark.slow
def test_two_runs_are_scored_at_the_time_that_both_have(case, tmp_path):
    jobs.simulate(case, tmp_path / "a", pictures=False)
    jobs.simulate(case, tmp_path / "b", pictures=False)
    with pytest.raises(ValueError, match=r"mask_20250601T1200\.tif, mask_20250601T1800\.tif"):
        jobs.score(tmp_path / "a", tmp_path / "b", windows=[1])
    (tmp_path / "b" / "mask_20250601T1200.tif").unlink()
    assert jobs.score(tmp_path / "a", tmp_path / "b", windows=[1])["fss"] == {"1": 1.0}


def test_what_cannot_be_searched_or_forecast_is_refused_before_anything_is_read(twin, tmp_path):
    text = (twin / "truth.toml").read_text().replace('"currents.nc"', '"nothing.nc"')
    (twin / "unseen.toml").write_text(text)
    case = load_case(twin / "unseen.toml")
    for job in (jobs.optimise, jobs.forecast):
        with pytest.raises(CaseError, match=r"^(observation: none given|optimise\.start_from)"):
            job(case, tmp_path / "out")
    with pytest.raises(CaseError, match="found none of source_east_km"):
        jobs.reconstruct(case, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("seen_at", "message"),
    [
        ("2025-06-01T06:00:00Z", "a time after the start of the run, 2025-06-01T06:00Z"),
        ("2025-06-02T06:00:00Z", "a time up to the end of the run, 2025-06-01T18:00Z"),
    ],
)
def test_which_end_of_the_run_an_observation_misses_is_said(changed, tmp_path, seen_at, message):
    seen = 'geometry = "mask_20250601T1200.tif"'
    case = load_case(changed(*SMALL, (seen, f"{seen}\ntime = {seen_at}")))
    with pytest.raises(CaseError, match=f"observation.0.time: found .*, expected {message}"):
        jobs.simulate(case, tmp_path)


@pytest.mark.slow
def test_the_package_is_found_beside_a_folder_of_its_name(tmp_path):
    (tmp_path / "witoil").mkdir()
    code = "import witoil; print(witoil.load_case.__name__)"
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert answer.stdout.strip() == "load_case", answer.stderr


@pytest.mark.slow
def test_a_command_that_is_interrupted_says_how_to_go_on(changed, tmp_path):
    path = changed(("evaluations = 80", "evaluations = 4000"), SMALL[0])
    command = [sys.executable, "-m", "witoil", "optimise", path, "--out", tmp_path / "out"]
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        # a test that runs in the background may have it ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        while not (tmp_path / "out" / "study.json").exists():
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert process.returncode == 130
    assert said.decode().strip().endswith("interrupted; the same command goes on from there")
    json.loads((tmp_path / "out" / "study.json").read_text())
