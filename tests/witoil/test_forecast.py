import json

import numpy as np
import pytest
import rasterio

from simulator import SimulatorError
from tests.witoil.command import witoil
from tests.witoil.killing import kill_when
from witoil.calibration.evaluation import evaluate, simulated_slicks
from witoil.calibration.priors import evidence
from witoil.case import load_case
from witoil.demo import TRUTH
from witoil.errors import CaseError, WitoilError
from witoil.files import mask_name, write_json
from witoil.forecast.experts import (
    EXPERTS,
    Record,
    alike,
    expert_named,
    likeliest,
    mix,
    variants_of,
)
from witoil.forecast.forecasting import forecast
from witoil.forecast.outlook import look_ahead
from witoil.outputs.forecast import write_forecast
from witoil.outputs.run import write_mask
from witoil.scenario.prepare import prepare
from witoil.scenario.run import mask_at, run

HOURS = (9, 12, 15, 18)

SEEN = "".join(f'\n[[observation]]\ngeometry = "seen/mask_20250601T{h:02}00.tif"\n' for h in HOURS)

SEARCH = """
[optimise]
start_from = "observations"

[optimise.parameters]
wind_drift_factor = [0.0, 0.05]
wind_drift_angle_deg = [-40, 40]
horizontal_diffusivity = [0.5, 50.0]
current_factor = [0.0, 1.5]

[forecast]
evaluations = 24
members = 16
"""


@pytest.fixture(scope="module")
def masks(twin):
    """Masks of the true run of the demo, every three hours, in a folder of their own."""
    truth = prepare(load_case(twin / "truth.toml"))
    result = run(truth)
    for hour in HOURS:
        at = np.datetime64(f"2025-06-01T{hour:02}:00", "ns")
        write_mask(mask_at(truth, result, at), truth.grid, at, twin / "seen" / mask_name(at))
    return twin / "seen"


def sequence_of(twin, *replacements):
    """Return the text of a case with all masks, some of it replaced."""
    text = (twin / "demo.toml").read_text()
    text = text[: text.index("[[observation]]")].replace("20_000", "1_000") + SEEN + SEARCH
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.fixture
def sequence(twin, masks):
    """Return a function that writes a case with all masks, its text changed."""

    def write(*replacements, name="sequence.toml"):
        path = twin / name
        path.write_text(sequence_of(twin, *replacements))
        return path

    return write


def walk(path, folder, **options):
    return forecast(prepare(load_case(path)), folder, **options)


@pytest.fixture(scope="module")
def done(twin, masks, tmp_path_factory):
    folder = tmp_path_factory.mktemp("forecast")
    (twin / "whole.toml").write_text(sequence_of(twin))
    result = walk(twin / "whole.toml", folder)
    write_forecast(result, folder)
    return folder, result


SHORT = "evaluations = 24\nmembers = 16", "evaluations = 12\nmembers = 4"
"""Fewer runs, for what has to have the same bits however many there are: also fewer members than
experts without currents or wind have runs of their own."""


@pytest.fixture(scope="module")
def short(twin, masks, tmp_path_factory):
    """The case of a short walk, and the walk."""
    path = twin / "short.toml"
    path.write_text(sequence_of(twin, SHORT))
    return path, walk(path, tmp_path_factory.mktemp("short"))


@pytest.mark.slow
def test_a_twin_is_forecast_better_than_by_persistence_and_default(done):
    mean = done[1].study["forecast"]["mean"]
    assert mean["forecast"]["1"] > mean["persistence"]["1"] + 0.1
    assert mean["forecast"]["1"] > mean["default"]["1"] + 0.02


@pytest.mark.slow
def test_what_is_found_matches_the_slicks_as_well_as_the_truth_does(done):
    # several sets of parameters move this slick alike: scores tell, and not single values
    truth = evaluate(done[1].legs, TRUTH)
    assert done[1].study["best"]["score"] > truth["score"] - 0.01
    assert truth["score"] > done[1].study["default"]["score"] + 0.02
    after = {row["name"]: row for row in done[1].study["posterior"]}
    # the prior is 1.0 +- 0.4, the truth 0.8
    assert after["current_factor"]["p95"] < 1.0
    assert done[1].study["best"]["fss"]["1"] > done[1].study["default"]["fss"]["1"]


@pytest.mark.slow
def test_the_study_has_every_step_and_column(done):
    study = json.loads((done[0] / "study.json").read_text())
    assert study == done[1].study
    steps = study["forecast"]["steps"]
    assert [step["to"] for step in steps] == [f"2025-06-01T{h}:00:00Z" for h in HOURS[1:]]
    columns = {*EXPERTS, "forecast", "best", "latest", "default"}
    for k, step in enumerate(steps):
        assert set(step["scores"]) == columns
        assert len(step["in_sample"]) == k + 1
        assert sum(step["trust"].values()) == pytest.approx(1.0)
    assert study["forecast"]["mean"]["forecast"]["1"] == pytest.approx(
        np.mean([step["scores"]["forecast"]["fss"]["1"] for step in steps])
    )
    assert {row["name"] for row in study["priors"]} == {row["name"] for row in study["space"]}
    assert study["forecast"]["area_ratio"].keys() == columns
    assert study["forecast"]["experts"].keys() == {*EXPERTS}


@pytest.mark.slow
def test_how_far_probabilities_came_true_stands_in_study_and_report(done):
    found = done[1].study["forecast"]["probabilities"]
    parts = found["brier"]
    whole = parts["reliability"] - parts["resolution"] + parts["uncertainty"] + parts["within"]
    assert 0.0 < parts["score"] == pytest.approx(whole)
    assert 0.0 < found["expected_error"] < 0.2
    observed = [
        result.grid.area_km2(result.observations[0].mask & result.valid(result.observations[0]))
        for result in done[1].legs[1:]
    ]
    assert 0.0 < found["area_crps_km2"] < np.mean(observed)
    page = (done[0] / "report.html").read_text()
    assert "Spread over skill" in page
    assert "expected calibration error" in page
    for row in ("sources and spreading alone", "persistence, grown as before"):
        assert page.count(row) >= 2


@pytest.mark.slow
def test_experts_without_currents_or_wind_have_none(done):
    origins = {trial.origin: trial.parameters for trial in done[1].trials}
    assert origins["without_currents"]["current_factor"] == 0.0
    assert origins["without_currents"]["wind_drift_factor"] > 0.0
    assert origins["without_wind"]["wind_drift_factor"] == 0.0
    assert origins["without_wind"]["stokes_factor"] == 0.0
    assert origins["without_wind"]["current_factor"] > 0.0
    still = origins["without_drift"]
    assert still["current_factor"] == still["wind_drift_factor"] == still["stokes_factor"] == 0.0


@pytest.mark.slow
def test_each_product_of_the_forcing_is_an_expert(sequence, tmp_path):
    product = '\n[[ensemble.forcing]]\ncurrents = "currents.nc"\n'
    fewer = ("evaluations = 24\nmembers = 16", f"evaluations = 18\nmembers = 8\n{product}")
    last = SEEN[SEEN.rindex("\n[[observation]]") :]
    path = sequence(fewer, (last, ""), name="products.toml")
    result = walk(path, tmp_path)
    study = result.study["forecast"]
    assert "product_1" in study["experts"]
    assert all("product_1" in step["trust"] for step in study["steps"])
    # its fields are those of the case, and so are its runs
    own = [trial for trial in result.trials if trial.origin == "product_1"]
    drawn = [trial for trial in result.trials if trial.origin == "prior"][: len(own)]
    assert own
    for trial, like in zip(own, drawn, strict=True):
        assert trial.parameters == like.parameters
        for leg in trial.outcomes.keys() & like.outcomes.keys():
            assert trial.outcomes[leg] == like.outcomes[leg]
    outlook = look_ahead(result)
    assert "product_1" in outlook.trust(0)
    assert 0.0 < outlook.probability(0).max() <= 1.0 + 1e-6


@pytest.mark.slow
def test_a_product_that_does_not_cover_the_case_is_refused_by_name(sequence, tmp_path):
    product = '\n[[ensemble.forcing]]\ncurrents = "no_such_file.nc"\n'
    path = sequence(("members = 16", f"members = 16\n{product}"), name="bad.toml")
    with pytest.raises(WitoilError, match=r"ensemble\.forcing\.0: .*no_such_file"):
        walk(path, tmp_path)


@pytest.mark.slow
def test_without_currents_no_expert_is_without_them(sequence, tmp_path):
    changed = ('currents = "currents.nc"', 'currents = "none"')
    path = sequence(changed, ("evaluations = 24\nmembers = 16", "evaluations = 8\nmembers = 4"))
    variants = {variant.name for variant in variants_of(prepare(load_case(path)), ())}
    assert variants == {"without_drift"}


@pytest.mark.slow
def test_probabilities_and_slicks_are_written(done):
    folder, result = done
    for step, hour in zip(result.steps, HOURS[1:], strict=True):
        with rasterio.open(folder / f"probability_20250601T{hour}00.tif") as file:
            probability = file.read(1)
        np.testing.assert_array_equal(probability, step.probability)
        assert 0.0 <= probability.min() < probability.max() <= 1.0 + 1e-6
        with rasterio.open(folder / f"mask_20250601T{hour}00.tif") as file:
            np.testing.assert_array_equal(file.read(1) != 0, step.masks["forecast"])
    for name in ("forecast.csv", "reliability.csv", "reliability.png", "report.html"):
        assert (folder / name).stat().st_size > 100
    page = (folder / "report.html").read_text()
    assert page.count("<img") == 4 + 3 * len(result.steps)
    assert "None" not in page
    assert "/tmp" not in page.split("The case as it was run")[0]


@pytest.mark.slow
def test_a_forecast_does_not_look_at_later_slicks(short, sequence, tmp_path):
    last = SEEN[SEEN.rindex("\n[[observation]]") :]
    fewer = walk(sequence(SHORT, (last, "")), tmp_path / "fewer")
    # the slick of 12:00 stands in for that of 18:00
    wrong = last.replace("T1800", "T1200") + "time = 2025-06-01T18:00:00Z\n"
    other = walk(sequence(SHORT, (last, wrong)), tmp_path / "other")
    for before, *others in zip(short[1].steps[:2], fewer.steps, other.steps[:2], strict=True):
        for step in others:
            assert step.trust == before.trust
            for name, trial in before.trials.items():
                assert step.trials[name].parameters == trial.parameters
            assert step.scores == before.scores
    for before, step in zip(short[1].steps, other.steps, strict=True):
        np.testing.assert_array_equal(step.probability, before.probability)
        for name, mask in before.masks.items():
            np.testing.assert_array_equal(step.masks[name], mask)


class StoppedError(Exception):
    pass


@pytest.mark.slow
@pytest.mark.parametrize("stop", [1, 5, 12])
def test_an_interrupted_walk_ends_like_one_that_was_not(short, tmp_path, stop):
    path, whole = short
    calls = []

    def interrupt(share):
        calls.append(share)
        if len(calls) == stop:
            raise StoppedError

    with pytest.raises(StoppedError):
        walk(path, tmp_path, on_batch=interrupt)
    continued = walk(path, tmp_path)
    for key in ("history", "best", "forecast", "posterior"):
        assert continued.study[key] == whole.study[key]


@pytest.mark.slow
def test_a_killed_walk_goes_on_where_it_was(short, tmp_path):
    path, whole = short
    command = [witoil, "forecast", path, "--out", tmp_path, "--no-pictures"]
    study = tmp_path / "study.json"
    # well into the next batch, of which nothing is written yet
    killed = kill_when(*command, study=study, is_time=lambda rows: rows >= 20, after=0.05)
    assert 20 <= len(killed) < len(whole.study["history"])
    answer = witoil(*command[1:])
    assert answer.returncode == 0, answer.stderr
    found = json.loads(study.read_text())
    for key in ("history", "best", "forecast", "posterior"):
        assert found[key] == whole.study[key]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("mass_tonnes = 500", "mass_tonnes = 501", r"case\.release.*500.*501"),
        ("members = 16", "members = 17", r"case\.forecast\.members was 16 and is now 17"),
        ("evaluations = 24", "evaluations = 30", r"case\.forecast\.evaluations was 24 and"),
        ("members = 16", "members = 16\nmemory_hours = 6", r"case\.forecast\.memory_hours was 24"),
    ],
)
def test_a_study_of_another_case_is_refused(done, sequence, tmp_path, old, new, message):
    (tmp_path / "study.json").write_bytes((done[0] / "study.json").read_bytes())
    with pytest.raises(WitoilError, match=message):
        walk(sequence((old, new)), tmp_path)


@pytest.mark.slow
def test_a_study_of_another_version_is_refused(done, twin, tmp_path):
    study = json.loads((done[0] / "study.json").read_text())
    study["versions"]["witoil"] = "0.0.9"
    (tmp_path / "study.json").write_text(json.dumps(study))
    with pytest.raises(WitoilError, match=r"versions\.witoil was '0\.0\.9' and is now"):
        walk(twin / "whole.toml", tmp_path)


@pytest.mark.slow
def test_a_study_of_another_kind_is_refused(sequence, tmp_path):
    (tmp_path / "study.json").write_text('{"history": [{"score": 1}], "case": {}, "versions": {}}')
    with pytest.raises(WitoilError, match="history is that of a calibration"):
        walk(sequence(), tmp_path)


@pytest.mark.slow
def test_a_forecast_needs_two_legs_that_start_from_slicks(sequence, tmp_path):
    with pytest.raises(CaseError, match="start_from"):
        walk(sequence(('start_from = "observations"', "")), tmp_path)
    alone = SEEN[: SEEN.index("\n[[observation]]", 1)]
    with pytest.raises(CaseError, match=r"observation: found 1"):
        walk(sequence((SEEN, alone)), tmp_path)


class Failing:
    """Simulations of which those far from the middle of the search, or all others, fail."""

    def __init__(self, *, all_of_them):
        self.all_of_them = all_of_them

    def __call__(self, legs, changed, **options):
        if changed["current_factor"] != 1.0 and (
            self.all_of_them or changed["current_factor"] > 1.3
        ):
            raise SimulatorError("every particle left the grid")
        return simulated_slicks(legs, changed, **options)


@pytest.mark.slow
def test_failed_simulations_are_rows_with_their_reason(sequence, tmp_path, monkeypatch):
    monkeypatch.setattr("witoil.forecast.walk.simulated_slicks", Failing(all_of_them=False))
    result = walk(sequence(SHORT), tmp_path)
    write_forecast(result, tmp_path)
    rows = result.study["history"]
    far = [row for row in rows if row["parameters"]["current_factor"] > 1.3]
    assert far
    for row in rows:
        expected = {"failure": "every particle left the grid"}
        assert all((outcome == expected) == (row in far) for outcome in row["outcomes"].values())
    assert result.study["best"]["parameters"]["current_factor"] <= 1.3
    assert result.study["forecast"]["mean"]["forecast"]["1"] > 0.3


@pytest.mark.slow
def test_a_forecast_of_nothing_but_failures_is_said(sequence, tmp_path, monkeypatch):
    monkeypatch.setattr("witoil.forecast.walk.simulated_slicks", Failing(all_of_them=True))
    with pytest.raises(CaseError, match=r"every .* failed"):
        walk(sequence(), tmp_path)


NAMES = ("ensemble", "prior", "persistence")


def trust(*scores, names=NAMES, hours=6.0):
    """The trust after forecasts over six hours that scored so."""
    return Record([6.0] * len(scores), list(scores), [], []).trust(names, hours)


def test_without_a_record_everything_is_trusted_as_stated():
    assert trust(names=[*EXPERTS]) == pytest.approx(
        {name: expert.trust for name, expert in EXPERTS.items()}
    )


def test_trust_goes_to_what_has_forecast_well():
    failed = trust(*[{"ensemble": 0.2, "prior": 0.5, "persistence": 0.6}] * 2)
    assert failed["persistence"] > 0.7
    assert failed["ensemble"] < trust()["ensemble"]
    good = trust(*[{"ensemble": 0.8, "prior": 0.7, "persistence": 0.3}] * 2)
    assert good["ensemble"] > 0.8
    # what is dealt out anew is all that is left to it
    assert good["persistence"] < 0.05


def test_what_has_fallen_comes_back():
    bad = {"ensemble": 0.1, "prior": 0.1, "persistence": 0.8}
    good = {"ensemble": 0.8, "prior": 0.5, "persistence": 0.1}
    assert trust(*[bad] * 9)["ensemble"] < 0.2
    assert trust(*[bad] * 9, good)["ensemble"] > 0.8


def test_weak_evidence_leaves_the_trust_nearly_where_it_was():
    weak = trust({"ensemble": 0.51, "prior": 0.50, "persistence": 0.49})
    assert weak == pytest.approx(trust(), abs=0.06)


def test_what_an_hour_tells_counts_less_for_a_day():
    failed = {"ensemble": 0.2, "prior": 0.2, "persistence": 0.6}
    alone = [trust(failed, hours=hours)["persistence"] for hours in (6.0, 24.0, 96.0)]
    assert alone == sorted(alone, reverse=True)
    assert alone[2] > trust()["persistence"]
    assert alike(6.0, 6.0) == 1.0
    assert alike(6.0, 24.0) == pytest.approx(alike(24.0, 6.0)) == pytest.approx(np.exp(-0.5))


def test_what_is_not_there_has_no_share():
    # persistence has a record, and is not there now
    two = trust({"ensemble": 0.5, "persistence": 0.5}, names=("ensemble", "prior"))
    assert sum(two.values()) == pytest.approx(1.0)
    maps = {"ensemble": np.array([1.0, 0.0]), "prior": np.array([0.0, 1.0])}
    mixed = mix(maps, two)
    np.testing.assert_allclose(mixed, [two["ensemble"], two["prior"]], rtol=1e-6)


def test_products_of_the_forcing_are_experts_without_names_of_their_own():
    assert expert_named("product_3") == expert_named("product_1")
    assert expert_named("product_1") not in EXPERTS.values()


def test_the_likeliest_slick_has_the_greatest_expected_overlap():
    probability = np.array([[0.9, 0.8, 0.45], [0.1, 0.05, 0.0]], np.float32)
    np.testing.assert_array_equal(likeliest(probability), [[True, True, True], [False] * 3])
    assert not likeliest(np.zeros((2, 2), np.float32)).any()
    sure = np.array([True, False])
    np.testing.assert_array_equal(likeliest(sure), sure)


@pytest.mark.slow
def test_the_prior_counts_less_the_more_is_seen(done):
    space = done[1].space
    far, near = (
        space.log_prior(space.default | {"wind_drift_factor": value}) for value in (0.035, 0.015)
    )
    one, four = (
        evidence(n).penalised(0.5, near) - evidence(n).penalised(0.5, far) for n in (1.0, 4.0)
    )
    assert one == pytest.approx(0.03 / 2.0 * 4.0)
    assert four == pytest.approx(one / 4.0)


@pytest.mark.slow
def test_the_command_prints_a_table(short, tmp_path):
    path, whole = short
    write_json(tmp_path / "study.json", whole.study)
    result = witoil("forecast", path, "--out", tmp_path, "--no-pictures")
    assert result.returncode == 0
    assert "persistence" in result.stdout
    assert "mean" in result.stdout
