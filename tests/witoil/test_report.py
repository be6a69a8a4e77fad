import base64
import re
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
import shapely
import xarray as xr
from PIL import Image

import catalog
import simulator
from witoil.calibration.scoring import useful_skill
from witoil.case import parse_case
from witoil.case.tunables import TUNABLES
from witoil.figures import calibration as figures
from witoil.figures import drawing
from witoil.report.calibration import render
from witoil.report.verdicts import of_calibration, of_forecast
from witoil.report.words import percents
from witoil.scenario.scenario import Observation, Scenario
from witoil.scenario.verification import VerificationGrid

START = np.datetime64("2021-08-24T03:43", "ns")
VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta"}
SELF_CLOSED = {"rect", "circle", "line", "path"}


def uniform(names):
    longitude, latitude = np.linspace(35.0, 36.0, 5), np.linspace(34.5, 35.5, 5)
    time = START + np.arange(3) * np.timedelta64(6, "h")
    field = ("time", "latitude", "longitude"), np.full((3, 5, 5), 0.1)
    return xr.Dataset(
        dict.fromkeys(names, field),
        {"time": time, "latitude": latitude, "longitude": longitude},
    )


def block(grid, row, column, side=20):
    mask = np.zeros(grid.shape, bool)
    mask[row : row + side, column : column + side] = True
    return mask


def make_scenario(name="a spill", *, observations=1, seen_before=True):
    case = parse_case(
        {
            "name": name,
            "time": {"start": "2021-08-24T03:43:00Z", "end": "2021-08-24T13:43:00Z"},
            "forcing": {"currents": "currents.nc", "winds": "winds.nc"},
            "release": [
                {"kind": "area", "geometry": "slick.shp", "mass_tonnes": 10},
                {"kind": "point", "lon": 35.5, "lat": 35.0, "rate_tonnes_per_hour": 1},
            ],
            "score": {"resolution_m": 500, "windows": [1, 7, 21]},
        }
    )
    forcing = simulator.Forcing.from_datasets(
        uniform(simulator.REQUIRED_VARIABLES[:2]),
        uniform(simulator.REQUIRED_VARIABLES[2:]),
        start=START,
    )
    lake = shapely.box(35.7, 35.0, 35.75, 35.1).exterior.coords
    land = shapely.MultiPolygon([shapely.Polygon(shapely.box(35.6, 34, 37, 36).exterior, [lake])])
    spill = simulator.AreaRelease(shapely.box(35.4, 35.0, 35.5, 35.1), mass=1e4, time=START)
    grid = VerificationGrid.covering(forcing.grid.box, 500.0)
    slick = catalog.Slick(None, spill.geometry, files=("/far/away/<seen>.shp",))
    return Scenario(
        case=case,
        end=START + np.timedelta64(5 * observations, "h"),
        time_step=900.0,
        seed=1,
        sources=(False,),
        oil=simulator.GENERIC_OILS["generic-medium-crude"],
        forcing=forcing,
        coverage=(),
        coast=simulator.Coast.from_land(land, forcing.grid),
        particles=simulator.seed_particles([spill], 100, seed=1),
        grid=grid,
        observations=tuple(
            Observation(START + np.timedelta64(5 * (k + 1), "h"), block(grid, 60, 90 + k), slick)
            for k in range(observations)
        ),
        seen_first=block(grid, 60, 80) & seen_before,
    )


def run_scores(fss, observations):
    row = {"fss": fss, "iou": 0.4, "area_ratio": 1.11, "centroid_distance_m": 907.3}
    return {"score": fss["1"], "fss": fss, "observations": [row] * observations}


def make_study(scenario, *, best=0.75, persistence=0.47, current_factor=1.0):
    parameters = {name: scenario.default_of(name) for name in TUNABLES}
    count = len(scenario.observations)
    scores = {
        "best": {"1": best, "7": 0.86, "21": 0.91},
        "default": {"1": 0.6, "7": 0.71, "21": 0.95},
        "persistence": {"1": persistence, "7": 0.56, "21": 0.68},
    }
    runs = {key: run_scores(fss, count) for key, fss in scores.items()}
    space = [
        ("current_factor", -0.5, 1.5, "linear"),
        ("horizontal_diffusivity", 0.1, 50.0, "log"),
        ("wind_drift_factor", 0.0, 0.05, "linear"),
    ]
    found = {"current_factor": current_factor, "horizontal_diffusivity": 4.0}
    return {
        "name": scenario.case.name,
        "best": {**runs["best"], "parameters": parameters | found, "penalised": best, "trial": 2},
        "default": {**runs["default"], "parameters": parameters},
        "persistence": runs["persistence"] if persistence is not None else None,
        "space": [
            {
                "name": name,
                "low": low,
                "high": high,
                "default": parameters[name],
                "scale": scale,
                "units": TUNABLES[name].units,
            }
            for name, low, high, scale in space
        ],
        "history": [
            {"number": k, "score": score, "penalised": score, "origin": origin}
            for k, (score, origin) in enumerate(
                [(None, "default"), (0.3, "sobol"), (best, "global"), (0.5, "local")]
            )
        ],
        "posterior": [{"name": "current_factor", "p5": 0.4, "p50": 0.9, "p95": 1.3}],
        "stopped": "all 4 evaluations done",
        "seeds": {"model": 1, "search": 1},
        "versions": {"witoil": "0.1.0", "numba": "1.2.3"},
        "coverage": [
            {
                "variable": "eastward_wind",
                "files": ["/far/away/winds.nc"],
                "start": "2021-08-24T03:00Z",
                "end": "2021-08-24T09:00Z",
                "step_hours": None,
                "box": [35.0, 34.5, 36.0, 35.5],
                "missing_share": 0.25,
                "gaps": [],
                "action": "no gaps",
            },
            {"variable": "sea_water_temperature", "action": "not given; 15 degrees Celsius"},
        ],
        "stokes_drift": "wind",
        "case": scenario.case.model_dump(mode="json"),
    }


def make_page(scenario, study, **extra):
    masks = [block(scenario.grid, 65, 88) for _ in scenario.observations]
    return render(scenario, study, before=masks, after=masks, **extra)


@pytest.fixture(scope="module")
def scenario():
    return make_scenario()


@pytest.fixture(scope="module")
def page(scenario):
    return make_page(scenario, make_study(scenario), fate={"afloat": 75, "beached": 25, "lost": 0})


@pytest.fixture
def undrawn(monkeypatch):
    """No figures, for tests of what the page says."""
    for name in ("slick_map", "skill_chart", "search_chart"):
        monkeypatch.setattr(figures, name, lambda *args, **kwargs: b"")


class Reader(HTMLParser):
    """Checks that elements are closed in order, and collects what a page refers to."""

    def __init__(self, page):
        super().__init__()
        self.open, self.references, self.images, self.count = [], [], [], {}
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.count[tag] = self.count.get(tag, 0) + 1
        self.references += [v for k, v in attrs if k in ("src", "href", "srcset", "action")]
        if tag == "img":
            self.images.append(attributes)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


def text_of(page):
    return re.sub(r"[ \n]+", " ", re.sub(r"<[^>]+>", "", page.split("</style>")[1]))


@pytest.mark.slow
def test_page_is_well_formed_and_needs_nothing_from_outside(page):
    reader = Reader(page)
    assert page.startswith('<!doctype html>\n<html lang="en">')
    assert reader.references
    assert all(reference.startswith("data:image/png;base64,") for reference in reader.references)
    assert not {"script", "link", "iframe"} & reader.count.keys()
    assert "url(" not in page
    assert "@import" not in page


def test_page_has_two_maps_and_two_charts_with_alternative_texts(page):
    images = Reader(page).images
    assert len(images) == 4
    assert "default parameters, FSS 0.60 at 500\N{NO-BREAK SPACE}m" in images[0]["alt"]
    assert "calibrated, FSS 0.75 at 500\N{NO-BREAK SPACE}m" in images[1]["alt"]
    sizes = set()
    for image in images:
        png = base64.b64decode(image["src"].split(",")[1])
        with Image.open(BytesIO(png)) as opened:
            opened.verify()
            sizes.add(opened.size[0])
    assert sizes == {drawing.SIZE * drawing.DOTS_PER_INCH}
    assert len(page) < 1_000_000


def test_page_says_what_was_found(page):
    text = text_of(page)
    assert "24 August 2021, 03:43 to 13:43 UTC (10 h)" in text
    assert "Better than persistence" in text
    assert "scores 0.75 at 500\N{NO-BREAK SPACE}m; the default parameters 0.60" in text
    assert "(persistence) 0.47" in text
    assert "At 10.5\N{NO-BREAK SPACE}km it scores less than the default parameters." in text
    assert "in-sample" in text
    assert "4, 1 of them failed" in text
    assert "75.0% afloat, 25.0% beached." in text
    assert "907" in text
    assert "4\N{NO-BREAK SPACE}m² s⁻¹" in text
    assert "numba 1.2.3" in text
    assert "winds.nc" in text
    assert "not given; 15 degrees Celsius" in text
    assert "current_factor = 1\n" in page


def test_folders_of_files_are_not_told(page):
    assert "/far/away" not in page


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ([1 / 3, 1 / 3, 1 / 3], ["33.4%", "33.3%", "33.3%"]),
        ([0.4593, 0.5332, 0.0072, 0.0003], ["46.0%", "53.3%", "0.7%", "<0.1%"]),
        ([0.9997, 0.0003], ["100.0%", "<0.1%"]),
        ([0.5, 0.0], ["50.0%", "0.0%"]),
        ([], []),
    ],
)
def test_shares_add_up_to_their_whole(shares, expected):
    assert percents(shares) == expected


@pytest.mark.slow
def test_what_comes_from_outside_is_escaped():
    scenario = make_scenario('<script>alert("x")</script>')
    page = make_page(scenario, make_study(scenario))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "<seen>" not in page
    assert "&lt;seen&gt;.shp" in page


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("best", [0.3, 0.47, 0.474])
def test_best_not_above_persistence_has_no_skill(scenario, best):
    text = text_of(make_page(scenario, make_study(scenario, best=best)))
    assert "The calibration has no skill over persistence." in text
    assert "Better than persistence" not in text


@pytest.mark.slow
def test_no_slick_before_means_no_persistence():
    scenario = make_scenario(seen_before=False)
    page = make_page(scenario, make_study(scenario, persistence=None))
    text = text_of(page)
    Reader(page)
    assert useful_skill(scenario) is None
    assert "No slick was seen before" in text
    assert "slick at the start" not in text
    assert "Useful skill" not in text


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("value", "warning"),
    [
        (1.49, "at its upper bound: widen it?"),
        (1.5, "at its upper bound: widen it?"),
        (-0.49, "at its lower bound: widen it?"),
        (1.4, None),
        (-0.4, None),
    ],
)
def test_best_at_a_bound_is_warned_of(scenario, value, warning):
    text = text_of(make_page(scenario, make_study(scenario, current_factor=value)))
    assert "bound:" in text if warning else "widen it" not in text
    assert warning is None or warning in text


@pytest.mark.usefixtures("undrawn")
def test_what_is_likely_of_a_parameter_is_said_and_drawn(scenario):
    page = make_page(scenario, make_study(scenario))
    assert "0.4 to 1.3" in text_of(page)
    assert 'x1="45.0%" x2="90.0%"' in page


@pytest.mark.usefixtures("undrawn")
def test_bound_that_cannot_be_widened_is_called_so(scenario):
    study = make_study(scenario)
    study["best"]["parameters"]["wind_drift_factor"] = 0.0
    text = text_of(make_page(scenario, study))
    assert "at its lower bound: the lowest value allowed" in text


@pytest.mark.usefixtures("undrawn")
def test_logarithmic_parameter_is_placed_as_the_search_sees_it(scenario):
    study = make_study(scenario)
    study["best"]["parameters"]["horizontal_diffusivity"] = np.sqrt(0.1 * 50.0)
    assert "horizontal_diffusivity: best at 50.0 %" in make_page(scenario, study)


@pytest.mark.usefixtures("undrawn")
def test_every_observation_has_its_maps_and_scores():
    scenario = make_scenario(observations=3)
    page = make_page(scenario, make_study(scenario))
    assert len(Reader(page).images) == 8
    text = text_of(page)
    for time in ("08:43", "13:43", "18:43"):
        assert text.count(f"Slick of 24 August 2021, {time} UTC") == 2
    assert "Mean over observations" in text


@pytest.mark.slow
def test_undefined_scores_are_dashes(scenario):
    study = make_study(scenario)
    study["best"]["observations"][0]["centroid_distance_m"] = None
    study["best"]["observations"][0]["fss"]["21"] = None
    text = text_of(make_page(scenario, study))
    assert "None" not in text
    assert "nan" not in text.lower().split()


def test_useful_skill_lies_halfway_between_random_and_perfect():
    scenario = make_scenario()
    # blocks of 20 x 20 cells, 10 columns apart: 400 observed cells in a box of 20 x 30
    assert useful_skill(scenario) == pytest.approx(0.5 + 0.5 * 400 / 600)


def test_frame_holds_masks_and_points_and_is_not_slim():
    grid = make_scenario().grid
    sliver = np.zeros(grid.shape, bool)
    sliver[20:60, 40] = True
    point = np.array([[grid.west + 25_000.0, grid.north - 5_000.0]])
    frame = drawing.Frame.around(grid, [sliver], point)
    assert frame.left < grid.west + 500.0 * 40 < point[0, 0] < frame.right
    assert frame.bottom < grid.north - 500.0 * 60
    assert point[0, 1] < frame.top
    assert 0.6 < frame.width / frame.height < 1.6


@pytest.mark.slow
def test_colours_on_the_map_are_those_of_the_key(scenario):
    grid = scenario.grid
    image = figures.slick_map(
        grid,
        scenario.coast.land,
        drawing.Frame.around(grid, [block(grid, 60, 60, 40)], np.empty((0, 2))),
        simulated=block(grid, 60, 60),
        observed=block(grid, 70, 70),
        first=np.zeros(grid.shape, bool),
        sources=np.empty((0, 2)),
        title="",
    )
    with Image.open(BytesIO(image)) as opened:
        found = {colour for _, colour in opened.convert("RGB").getcolors(1 << 20)}
    for colour in (drawing.OBSERVED_ONLY, drawing.SIMULATED_ONLY, drawing.BOTH, drawing.SEA):
        assert tuple(bytes.fromhex(colour[1:])) in found


@pytest.mark.slow
def test_map_of_the_open_sea_with_nothing_simulated_is_drawn(scenario):
    grid = scenario.grid
    nothing = np.zeros(grid.shape, bool)
    seen = block(grid, 60, 60)
    image = figures.slick_map(
        grid,
        shapely.MultiPolygon(),
        drawing.Frame.around(grid, [seen], np.empty((0, 2))),
        simulated=nothing,
        observed=seen,
        first=block(grid, 0, 0),
        sources=np.empty((0, 2)),
        title="",
    )
    assert image.startswith(b"\x89PNG")


def test_degrees_are_labelled_across_the_date_line():
    ticks, labels = drawing.degree_ticks(np.linspace(179.45, 180.55, 9), "EW")
    assert len(ticks) == len(labels)
    assert {"179.6°E", "180.0°W", "179.6°W"} <= set(labels)


def test_search_without_any_score_is_drawn():
    image = figures.search_chart([{"penalised": None, "origin": "sobol"}], None)
    assert image.startswith(b"\x89PNG")


@pytest.mark.parametrize(("best", "is_said"), [(0.78, True), (0.77, False), (0.7, False)])
def test_a_forecast_that_is_behind_one_of_its_experts_says_so(best, is_said):
    mean = {"forecast": 0.77, "default": 0.64, "persistence": 0.57, "prior": best, "latest": 0.9}
    study = {
        "forecast": {
            "mean": {name: {"1": score} for name, score in mean.items()},
            "experts": {"prior": "why", "product_1": "why"},
        },
        "case": {"score": {"windows": [1, 7], "resolution_m": 150.0}},
    }
    text = of_forecast(study)["text"]
    assert ("The best of its experts scores 0.78: which one that is" in text) == is_said


@pytest.mark.parametrize(
    ("source", "short"),
    [
        (None, "Nothing to compare with"),
        ({"settled": True}, "The source lies within 329 km² with a probability of 90 %"),
        ({"settled": False}, "The source is not settled: 329 km² hold it with less than 90 %"),
    ],
)
def test_the_verdict_on_a_search_for_a_source_is_where_it_lies(source, short):
    place = {"place": {"ellipses": {"90": {"area_km2": 329.0}}}}
    study = {
        "best": {"fss": {"7": 0.59}},
        "default": {"fss": {"7": 0.17}},
        "persistence": None,
        "source": source and place | source,
        "case": {"score": {"windows": [7], "resolution_m": 150.0}},
    }
    assert of_calibration(study)["short"].replace("\xa0", " ") == short
