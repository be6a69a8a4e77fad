from dataclasses import replace

import numpy as np
import pytest
import shapely
from rasterio.features import shapes
from shapely.geometry import mapping, shape

import simulator
from tests.witoil.calibrated import calibrate
from witoil.calibration.evaluation import combined_scores, evaluate, mean_ratio, persistence
from witoil.case import Trace, load_case
from witoil.errors import CaseError
from witoil.files import write_json
from witoil.forecast.forecasting import forecast
from witoil.outputs.run import write_run
from witoil.scenario.legs import legs_of
from witoil.scenario.prepare import prepare
from witoil.scenario.run import masks_at, run
from witoil.scenario.verification import SlickMasks, transformed
from witoil.trace.backward import find_slick

HOURS = (12, 18)


def write_outline(path, mask, grid):
    parts = [
        shape(part)
        for part, _ in shapes(mask.astype(np.uint8), mask=mask, transform=grid.transform)
    ]
    outline = transformed(shapely.union_all(parts), grid.to_degrees)
    feature = {"type": "Feature", "geometry": mapping(outline), "properties": {}}
    write_json(path, {"type": "FeatureCollection", "features": [feature]})


def observation(hour, rest=""):
    files = ", ".join(f'"seen_20250601T{hour}00_{name}.geojson"' for name in ("sheen", "thick"))
    return f"\n[[observation]]\ngeometry = [{files}]\n{rest}"


@pytest.fixture(scope="module")
def folder(twin_copy):
    """A twin whose slicks were seen as sheen and thick oil."""
    folder = twin_copy("classes")
    # any observation that tells classes makes the run tell them, too
    text = (folder / "truth.toml").read_text()
    truth = prepare(load_case(folder / "truth.toml"))
    result = run(truth)
    for hour in HOURS:
        at = np.datetime64(f"2025-06-01T{hour}:00", "ns")
        thin = masks_at(truth, result, at).oil
        thick = masks_at(truth, result, at, truth.case.score.thick_limit_um).oil
        assert 0 < thick.sum() < thin.sum()
        for name, mask in (("sheen", thin & ~thick), ("thick", thick)):
            write_outline(folder / f"seen_20250601T{hour}00_{name}.geojson", mask, truth.grid)
    observed = "".join(observation(hour) for hour in HOURS)
    (folder / "known.toml").write_text(text.replace("60_000", "20_000") + observed)
    return folder


@pytest.fixture(scope="module")
def known(folder):
    return prepare(load_case(folder / "known.toml"))


def case_with(folder, *parts, name="other.toml"):
    text = (folder / "known.toml").read_text()
    (folder / name).write_text(text[: text.index("[[observation]]")] + "".join(parts))
    return load_case(folder / name)


@pytest.mark.slow
def test_the_true_run_matches_both_classes(known):
    found = evaluate([known], {})
    for row in found["observations"]:
        assert row["fss"]["1"] > 0.9
        for name in ("sheen", "thick"):
            assert row["classes"][name]["fss"]["1"] > 0.85


@pytest.mark.slow
def test_classes_tell_what_the_outline_does_not(folder, known):
    case = case_with(folder, *(observation(hour) for hour in HOURS))
    lighter = [r.model_copy(update={"mass_tonnes": 60.0}) for r in case.release[:1]]
    light = prepare(case.model_copy(update={"release": lighter + case.release[1:]}))
    true, wrong = evaluate([known], {}), evaluate([light], {})
    # nearly the same slick, but less of it is thick
    assert wrong["fss"]["1"] > true["fss"]["1"] - 0.1
    for before, after in zip(true["observations"], wrong["observations"], strict=True):
        at_finest = [row["classes"]["thick"]["fss"]["1"] for row in (before, after)]
        assert at_finest[1] < at_finest[0] - 0.3
    assert wrong["score"] < true["score"] - 0.2


@pytest.mark.slow
def test_the_score_is_half_of_all_oil_and_half_of_classes_by_their_weights(folder, known):
    weighted = "weight = { sheen = 1.0, thick = 3.0 }\n"
    heavy = prepare(case_with(folder, observation(12, weighted), observation(18)))
    assert [o.weight for o in heavy.observations] == [4.0, 1.0]
    found = evaluate([heavy], {})
    first, second = (row["classes"] for row in found["observations"])
    scales = np.array(heavy.case.score.windows)

    def score(scores):
        return np.average([scores["fss"][str(w)] for w in scales], weights=1.0 / scales)

    each = [score(c) for c in (first["sheen"], first["thick"], second["sheen"], second["thick"])]
    of_all = [score(row) for row in found["observations"]]
    # half of the weight of each is for all of its oil
    weights = [2.0, 0.5, 0.5, 1.5, 0.25, 0.25]
    assert found["score"] == pytest.approx(np.average([*of_all, *each], weights=weights))
    # all the oil counts with the weight of both
    whole = [row["fss"]["1"] for row in found["observations"]]
    assert found["fss"]["1"] == pytest.approx(np.average(whole, weights=[4.0, 1.0]))


@pytest.mark.slow
def test_a_slick_of_one_class_is_scored_as_one(folder):
    sheen = '\n[[observation]]\ngeometry = "seen_20250601T1200_sheen.geojson"\n'
    scenario = prepare(case_with(folder, sheen))
    assert scenario.observations[0].thick is None
    assert "classes" not in evaluate([scenario], {})["observations"][0]
    bad = case_with(folder, sheen + "weight = { sheen = 1, thick = 2 }\n")
    with pytest.raises(CaseError, match=r"observation\.0\.weight: .*not both sheen and thick"):
        prepare(bad)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ("{ sheen = 1 }", r"observation\.0\.weight\.thick: missing"),
        ("{ sheen = 1, thick = 0 }", r"observation\.0\.weight\.thick: found 0"),
        ("{ sheen = 1, thick = 1, rainbow = 1 }", r"weight\.rainbow: unknown key; .*sheen, thick"),
    ],
)
def test_wrong_weights_are_refused_by_name(folder, weight, message):
    with pytest.raises(CaseError, match=message):
        case_with(folder, observation(12, f"weight = {weight}\n"))


@pytest.mark.slow
def test_classes_stand_in_summary_study_and_report(folder, known, tmp_path):
    summary = write_run(known, run(known), tmp_path / "run", parameters=known.parameters())
    assert summary["scores"][0]["classes"]["thick"]["fss"]["1"] > 0.85
    search = "\n[optimise]\nevaluations = 2\n"
    case = case_with(folder, *(observation(hour) for hour in HOURS), search)
    study = calibrate(prepare(case), tmp_path)
    assert set(study["best"]["observations"][1]["classes"]) == {"sheen", "thick"}
    # the slick before the first one has no classes; that before the second one has
    rows = study["persistence"]["observations"]
    assert ["classes" in row for row in rows] == [False, True]
    page = (tmp_path / "report.html").read_text()
    assert "calibrated: thick only" in page
    assert "weights 0.5 (sheen), 0.5 (thick)" in page
    assert "more than 5 µm" in page


@pytest.mark.slow
def test_a_forecast_learns_from_classes(folder, tmp_path):
    parts = [observation(hour) for hour in HOURS]
    search = '\n[optimise]\nstart_from = "observations"\n[forecast]\nevaluations = 8\n'
    search += "members = 4\n"
    case = case_with(folder, *parts, search)
    small = case.model.model_copy(update={"particles": 2000})
    result = forecast(prepare(case.model_copy(update={"model": small})), tmp_path)
    trial = result.trials[0]
    again = evaluate(result.legs[:1], trial.parameters)
    assert trial.outcomes[0]["score"] == again["score"]
    assert "classes" in again["observations"][0]


def test_masks_of_classes_add_up():
    oil = np.array([True, True, False])
    thick = np.array([True, False, False])
    parts = SlickMasks(oil, thick).by_class()
    np.testing.assert_array_equal(parts["sheen"] | parts["thick"], oil)
    assert not (parts["sheen"] & parts["thick"]).any()
    assert SlickMasks(oil).by_class() == {}


@pytest.mark.slow
def test_persistence_from_slick_to_slick_keeps_the_classes(folder):
    search = '\n[optimise]\nstart_from = "observations"\n'
    case = case_with(folder, *(observation(hour) for hour in HOURS), search)
    scenario = prepare(case)
    first, second = persistence(legs_of(scenario))["observations"]
    assert "classes" not in first
    # the same pair of slicks as within one long run
    assert second == persistence([scenario])["observations"][1]


def area_release(files, rest="", start="2025-06-01T12:00:00Z"):
    return f"""
[[release]]
kind = "area"
geometry = {files}
time = {start}
mass_tonnes = 70
{rest}
"""


def of_slicks(scenario):
    return sorted(
        (release.mass, release.geometry.area)
        for release in scenario.releases
        if isinstance(release, simulator.AreaRelease)
    )


@pytest.mark.slow
@pytest.mark.parametrize("estimate", ["mean", "minimum", "maximum"])
def test_runs_legs_and_traces_start_alike_from_sheen_and_thick_oil(folder, estimate):
    files = str([f"seen_20250601T1200_{name}.geojson" for name in ("sheen", "thick")])
    text = (folder / "known.toml").read_text()
    beginning, rest = text[: text.index("[[release]]")], text[text.index("[oil]") :]
    rest = rest[: rest.index("[[observation]]")]
    first = area_release('"slick_20250601T0600.geojson"', f'bonn_estimate = "{estimate}"')
    first = first.replace("T12:00:00Z", "T06:00:00Z")
    anew = '\n[optimise]\nstart_from = "observations"\n'
    seen = observation(12, "mass_tonnes = 70\n") + observation(18)
    (folder / "legs.toml").write_text(beginning + first + rest + seen + anew)
    release = area_release(files, f'bonn_estimate = "{estimate}"')
    late = beginning.replace("T06:00:00Z", "T12:00:00Z")
    (folder / "late.toml").write_text(late + release + rest + observation(18))
    leg = legs_of(prepare(load_case(folder / "legs.toml")))[1]
    alone = prepare(load_case(folder / "late.toml"))
    assert len(of_slicks(leg)) == 2
    assert of_slicks(leg) == of_slicks(alone)
    # the same particles, and so the same run
    for name in ("longitude", "latitude", "mass", "slick_area"):
        np.testing.assert_array_equal(getattr(leg.particles, name), getattr(alone.particles, name))
    case = load_case(folder / "legs.toml")
    traced = find_slick(case.model_copy(update={"trace": Trace(slick="observation.0")}))
    shares = [part.mass / sum(each.mass for each in traced.parts) for part in traced.parts]
    whole = sum(mass for mass, _ in of_slicks(leg))
    assert sorted(shares) == pytest.approx(sorted(mass / whole for mass, _ in of_slicks(leg)))


def test_a_run_that_finds_a_class_and_loses_the_slick_scores_less(folder, known):
    """All of the oil stays in the objective, beside its classes."""
    seen = known.observations[0]
    whole, thick_alone = SlickMasks(seen.mask, seen.thick), SlickMasks(seen.thick, seen.thick)
    one = replace(known, observations=(seen,))
    alone, all_of_it = (combined_scores([one], [slick]) for slick in (thick_alone, whole))
    assert all_of_it["score"] == pytest.approx(1.0)
    assert all_of_it["area_ratio"] == pytest.approx(1.0)
    classes = np.mean([c["fss"]["1"] for c in alone["observations"][0]["classes"].values()])
    assert classes == pytest.approx(0.5)
    assert alone["fss"]["1"] < 1.0
    assert alone["area_ratio"] == pytest.approx(
        (seen.thick & one.valid(seen)).sum() / (seen.mask & one.valid(seen)).sum()
    )
    scales = np.array(one.case.score.windows)

    def of(scores):
        return np.average([scores["fss"][str(w)] for w in scales], weights=1.0 / scales)

    (row,) = alone["observations"]
    assert alone["score"] == pytest.approx(
        0.5 * of(row) + 0.25 * of(row["classes"]["sheen"]) + 0.25 * of(row["classes"]["thick"])
    )


@pytest.mark.parametrize(
    ("ratios", "mean"),
    [([2.0, 0.5], 1.0), ([4.0], 4.0), ([1.0, 0.0], 0.0), ([1.0, None], None), ([], None)],
)
def test_the_mean_of_area_ratios_is_geometric(ratios, mean):
    assert mean_ratio(ratios) == (None if mean is None else pytest.approx(mean))
