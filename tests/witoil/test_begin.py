import os
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.witoil.command import witoil
from witoil.case import Ensemble, Model, ObservationFiles, load_case
from witoil.case.loading import parse_text
from witoil.case.starter import Beginning, how_to_fetch, text_of
from witoil.cli.catalog import parse_box, parse_period
from witoil.errors import CaseError

# what no case file can hold is refused, see below
texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40).filter(
    lambda text: "${" not in text
)
# years that a case may have
moments = st.datetimes(datetime(1700, 1, 2), datetime(2200, 11, 1), timezones=st.just(UTC))
amounts = st.floats(1e-6, 1e9)
places = st.tuples(st.floats(-180.0, 360.0), st.floats(-90.0, 90.0))


@st.composite
def beginnings(draw):
    start = draw(moments)
    duration = draw(st.timedeltas(timedelta(microseconds=1), timedelta(days=29)))
    lon, lat = place = draw(places)
    known = draw(st.sampled_from(["mass_tonnes", "rate_tonnes_per_hour", None]))
    oil = draw(st.one_of(st.none(), st.floats(2.0, 70.0), texts))
    forcing = draw(
        st.dictionaries(st.sampled_from(["currents", "winds", "waves"]), st.just(["a*"]))
    )
    return Beginning(
        name=draw(texts),
        start=start,
        end=start + duration,
        box=(lon, lat, lon, lat),
        point=place,
        oil=oil,
        forcing=forcing,
        choices={"time": draw(texts)},
        **({known: draw(amounts)} if known else {}),
    )


@pytest.mark.slow
@given(beginnings())
def test_what_is_written_is_read_back_the_same(beginning):
    case = parse_text(text_of(beginning, Path("case.toml")), Path("case.toml"))
    (release,) = case.release
    assert case.name == beginning.name
    assert (case.time.start, case.time.end) == (beginning.start, beginning.end)
    assert (release.lon, release.lat) == beginning.point
    assert beginning.oil in (None, case.oil.name, case.oil.api_gravity)
    for amount in ("mass_tonnes", "rate_tonnes_per_hour"):
        assert getattr(beginning, amount) in (None, getattr(release, amount))


@given(texts, st.lists(texts.filter(lambda t: "\0" not in t), min_size=1, max_size=3), moments)
def test_names_of_slicks_are_read_back_the_same(name, files, start):
    beginning = Beginning(
        name,
        start,
        start + timedelta(days=1),
        (0.0, 0.0, 1.0, 1.0),
        slick=[f"/x/{f}" for f in files],
    )
    (release,) = parse_text(text_of(beginning, Path("case.toml")), Path("case.toml")).release
    found = [release.geometry] if isinstance(release.geometry, str) else release.geometry
    assert [Path(f) for f in found] == [Path(f"/x/{f}").resolve() for f in files]
    assert release.time == start


@given(beginnings(), st.sampled_from(["currents", "winds"]))
def test_the_command_that_fetches_is_one_that_is_understood(beginning, role):
    start, end = beginning.start, beginning.end
    words = how_to_fetch(role, beginning.box, start, end).split()
    west, south, east, north = parse_box(words[words.index("--role") + 2].partition("=")[2])
    assert parse_period(words[words.index("--time") + 1]) == (start, end)
    lon, lat = beginning.point
    assert south < max(min(lat, 89.9), -89.9) < north
    assert (lon - west) % 360.0 <= (east - west) % 360.0 or east - west == 360.0


def test_what_is_said_to_be_the_default_is():
    start = datetime(2021, 1, 1, tzinfo=UTC)
    beginning = Beginning("a", start, start + timedelta(1), (0, 0, 0, 0), point=(0.0, 0.0))
    _, _, rest = text_of(beginning, Path("case.toml")).partition("# [model]\n")
    said = tomllib.loads("\n".join(line.removeprefix("# ") for line in rest.splitlines()))
    assert len(said) == 7
    (observation,), ensemble = said.pop("observation"), said.pop("ensemble")
    assert Model(**said) == Model()
    assert Ensemble(**ensemble) == Ensemble()
    assert start < ObservationFiles(**observation).time < start + timedelta(1)


@pytest.mark.parametrize("name", ["a${HOME}b", "\udcff"])
def test_names_that_no_case_file_can_hold_are_refused(name):
    start = datetime(2021, 1, 1, tzinfo=UTC)
    beginning = Beginning(name, start, start + timedelta(1), (0, 0, 0, 0), point=(0.0, 0.0))
    with pytest.raises(CaseError, match="expected"):
        text_of(beginning, Path("case.toml"))


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def forcing_of(twin):
    return ("--currents", twin / "currents.nc", "--winds", twin / "winds.nc")


@pytest.mark.slow
def test_a_case_of_a_place_runs_as_it_is(twin, here):
    made = witoil("new", "a.toml", "--point", "19.39,36.5", *forcing_of(twin), "--rate", 10)
    assert made.returncode == 0, made.stderr
    case = load_case("a.toml")
    # the twin's forcing, from its first time on
    assert case.time.start == datetime(2025, 6, 1, 5, tzinfo=UTC)
    assert case.time.end == datetime(2025, 6, 1, 20, tzinfo=UTC)
    checked = witoil("check", "a.toml")
    assert (checked.returncode, checked.stderr) == (0, "")
    ran = witoil("simulate", "a.toml", "--out", "run", "--no-pictures")
    assert ran.returncode == 0, ran.stderr
    assert (here / "run" / "particles.nc").exists()


@pytest.mark.slow
def test_a_case_of_a_slick_begins_when_it_was_seen(twin, here):
    slick = twin / "slick_20250601T0600.geojson"
    made = witoil("new", "a.toml", "--slick", slick, *forcing_of(twin), "--oil", 28)
    assert made.returncode == 0, made.stderr
    case = load_case("a.toml")
    assert case.time.start == datetime(2025, 6, 1, 6, tzinfo=UTC)
    assert case.time.end == datetime(2025, 6, 1, 20, tzinfo=UTC)  # where the forcing ends
    assert case.oil.api_gravity == 28.0
    assert case.release[0].thickness_class == "sheen"
    assert witoil("check", "a.toml").returncode == 0


@pytest.mark.slow
def test_files_named_sheen_and_thick_are_taken_as_such(twin, here):
    text = (twin / "slick_20250601T0600.geojson").read_text()
    for kind in ("sheen", "thick"):
        (here / f"20250601T0600_{kind}.geojson").write_text(text)
    slicks = [("--slick", f"20250601T0600_{kind}.geojson") for kind in ("sheen", "thick")]
    made = witoil("new", "a.toml", *slicks[0], *slicks[1], *forcing_of(twin))
    assert made.returncode == 0, made.stderr
    assert load_case("a.toml").release[0].thickness_class == "by-name"
    assert witoil("check", "a.toml").returncode == 0


@pytest.mark.slow
def test_a_case_of_an_event_is_that_of_the_catalogue(example, here, cases):
    folder = cases / "baniyas-2021"
    made = witoil("new", "a.toml", "--event", "20210824-0343-SYR-PL", "--folder", folder)
    assert made.returncode == 0, made.stderr
    again = witoil("catalog", "case", "20210824-0343-SYR-PL", folder, "--out", "b.toml")
    assert again.returncode == 0
    assert Path("a.toml").read_text() == Path("b.toml").read_text()


def test_without_forcing_it_says_how_to_get_some(here):
    made = witoil("new", "a.toml", "--point", "179.95,-30", "--time", "2021-01-01/2021-01-03")
    assert made.returncode == 0, made.stderr
    text = Path("a.toml").read_text()
    assert "across 180 degrees" in text
    assert text.count("witoil catalog forcing get --role") == 2
    assert load_case("a.toml").forcing.winds == "forcing/winds/*.nc"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--point", "35.95,35.1"], "lies on land; expected a place at sea (such as 35.9"),
        (["--point", "10,47"], "no sea within half a degree"),
        (["--point", "10,89.95"], "drift over the pole is not followed"),
        (["--point", "0,-90"], "expected latitudes within 89.9"),
        (["--point", "35,95"], "expected degrees"),
        (["--point", "nan,35"], "expected degrees"),
        (["--point", "35.7;35.2"], "expected LON,LAT"),
        (["--point", "35.7,35.2", "--rate", "1", "--mass", "2"], "expected one of them"),
        (["--point", "35.7,35.2", "--slick", "a.shp"], "expected one of --point"),
        (["--point", "35.7,35.2", "--oil", "bilge"], "oil.name: found 'bilge'"),
        (["--point", "35.7,35.2", "--oil", "nan"], "oil.api_gravity"),
        (["--point", "35.7,35.2", "--mass", "0"], "mass_tonnes"),
        (["--point", "35.7,35.2", "--winds", "none", "--currents", "none"], 'both "none"'),
        (["--point", "35.7,35.2", "--winds", "nix.nc"], "nix.nc"),
        (["--point", "35.7,35.2", "--name", "x" * 201], "name"),
        (["--point", "35.7,35.2", "--time", "2021-01-03/2021-01-03"], "expected a time after"),
        (["--slick", "nix.shp"], "nix.shp"),
        (["--event", "x", "--mass", "1"], "--mass: found beside --event"),
        ([], "expected one of --point, --slick, --event"),
    ],
)
def test_what_no_case_can_be_made_of_is_refused_and_nothing_written(here, arguments, said):
    answer = witoil("new", "a.toml", *arguments)
    assert answer.returncode == 2
    assert said in " ".join(answer.stderr.replace("│", " ").split())
    assert list(here.iterdir()) == []


@pytest.mark.slow
def test_the_place_at_sea_that_is_advised_is_taken(here):
    said = witoil("new", "a.toml", "--point", "35.95,35.1").stderr
    advised = said.partition("such as ")[2].partition(", ")[0]
    made = witoil("new", "a.toml", "--point", advised)
    assert made.returncode == 0, made.stderr


@pytest.mark.slow
def test_a_file_that_is_there_is_kept_unless_by_force(here, example, cases):
    Path("a.toml").write_text("mine")
    starts = (["--point", "35.7,35.2"], ["--event", "x", "--folder", cases / "baniyas-2021"])
    for start in starts:
        answer = witoil("new", "a.toml", *start)
        assert answer.returncode == 2
        assert "is there already" in answer.stderr
        assert Path("a.toml").read_text() == "mine"
    assert witoil("new", "a.toml", *starts[0], "--force").returncode == 0
    assert tomllib.loads(Path("a.toml").read_text())["name"] == "a"
    assert os.listdir(here) == ["a.toml"]
