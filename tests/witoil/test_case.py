import re
from datetime import UTC, datetime

import pytest

from simulator import Parameters
from witoil.case import Trace, load_case, parse_case
from witoil.case.tunables import TUNABLES
from witoil.errors import CaseError
from witoil.scenario.prepare import prepare


def document(**changes):
    case = {
        "name": "a case",
        "time": {"start": "2021-08-24T03:43:00Z", "end": "2021-08-24T08:10:00Z"},
        "forcing": {"currents": "currents.nc", "winds": ["a.nc", "b.nc"]},
        "release": [{"kind": "area", "geometry": "slick.shp", "mass_tonnes": 10}],
    }
    return case | changes


def test_defaults_are_those_of_the_simulator():
    assert parse_case(document()).model.physics() == Parameters()


def test_every_parameter_of_the_simulator_is_tunable():
    assert set(Parameters.names()) < set(TUNABLES)


def test_times_without_offset_are_utc_and_others_are_converted():
    case = parse_case(
        document(time={"start": "2021-08-24T03:43:00", "end": "2021-08-24T10:00:00+02:00"})
    )
    assert case.time.start == datetime(2021, 8, 24, 3, 43, tzinfo=UTC)
    assert case.time.end == datetime(2021, 8, 24, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("number", [20210824, "20210824", 1629776580, "1629776580.5", 5e-5, 0])
@pytest.mark.parametrize("end", ["start", "end"])
def test_a_number_is_no_time(number, end):
    times = {"start": "1960-01-01T00:00:00Z", "end": "2021-08-24T10:00:00Z"} | {end: number}
    with pytest.raises(CaseError, match=f"time.{end}: .*expected a time as"):
        parse_case(document(time=times))


def test_relative_paths_start_at_the_case_file(tmp_path):
    case = parse_case(document(), folder=tmp_path)
    assert case.paths(case.forcing.winds) == [str(tmp_path / "a.nc"), str(tmp_path / "b.nc")]


def test_environment_variables_are_filled_in(monkeypatch):
    monkeypatch.setenv("SPILLS", "/data")
    case = parse_case(document(forcing={"currents": "${SPILLS}/c.nc", "winds": "w.nc"}))
    assert case.forcing.currents == "/data/c.nc"


def test_a_url_in_the_environment_stays_one(monkeypatch):
    monkeypatch.setenv("SPILLS", "thredds:https://host/catalog")
    case = parse_case(document(forcing={"currents": "${SPILLS}/c.xml", "winds": "w.nc"}))
    assert case.paths(case.forcing.currents) == ["thredds:https://host/catalog/c.xml"]


def test_a_relative_folder_in_the_environment_starts_at_the_working_directory(
    monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPILLS", "../data")
    forcing = {"currents": "${SPILLS}/c.nc", "winds": "w.nc"}
    case = parse_case(document(forcing=forcing), folder=tmp_path / "elsewhere")
    assert case.paths(case.forcing.currents) == [str(tmp_path.parent / "data" / "c.nc")]


def test_a_slick_seen_is_enough_to_trace_it():
    seen = {"geometry": "slick.shp", "time": "2021-08-24T08:00:00Z"}
    case = parse_case(document(release=[], observation=[seen], trace={}))
    assert case.trace == Trace()
    with pytest.raises(CaseError, match="release: none given"):
        prepare(case)


POINT = {"kind": "point", "lon": 1.0, "lat": 2.0}
LINE = {"kind": "line", "mass_tonnes": 1}
ENDS = [[1.0, 2.0], [1.5, 2.0]]
AREA = {"kind": "area", "geometry": "slick.shp"}


def ship(*minutes, **options):
    fixes = [{"time": f"2021-08-24T04:{m:02}:00Z", "lon": 1.0, "lat": 2.0} for m in minutes]
    return {"kind": "ship", "track": fixes, "mass_tonnes": 1} | options


def released(release):
    return document(release=[release])


MISTAKES = {
    "unknown key": (document(oil={"api_gravity": 20, "colour": "red"}), r"oil\.colour: unknown"),
    "unknown table": (document(weather={}), r"weather: unknown key; expected one of name, time"),
    "missing key": (document(forcing={"currents": "c.nc"}), r"forcing\.winds: missing; expected"),
    "end before start": (
        document(time={"start": "2021-08-24T03:43:00Z", "end": "2021-08-23T00:00:00Z"}),
        r"time\.end: .*expected a time after start, 2021-08-24T03:43Z",
    ),
    "no particles": (document(model={"particles": 0}), r"model\.particles: found 0, .*1"),
    "outputs that cut steps": (
        document(model={"output_interval_minutes": 50}),
        r"model: output_interval_minutes: found 50, expected a multiple of time_step_minutes, 15",
    ),
    "outputs beyond all steps": (
        document(model={"output_interval_minutes": 1e308, "time_step_minutes": 0.001}),
        r"model: output_interval_minutes: found 1e\+308, expected a multiple of time_step_minutes",
    ),
    "steps of no length": (
        document(model={"time_step_minutes": 1e-300, "output_interval_minutes": 1e-300}),
        r"model\.time_step_minutes: found 1e-300, .*0\.001",
    ),
    "a year of no calendar in use": (
        document(time={"start": "0001-01-01T00:00:00+05:00", "end": "2021-08-24T08:10:00Z"}),
        r"time\.start: .*expected a year from 1700 to 2200",
    ),
    "a year beyond what arrays hold": (
        document(time={"start": "2021-08-24T03:43:00Z", "end": "9999-12-31T23:59:59-05:00"}),
        r"time\.end: .*expected a year from 1700 to 2200",
    ),
    "boiling water": (
        document(model={"water_temperature_celsius": 100.0}),
        r"model\.water_temperature_celsius: found 100\.0, .*less than or equal to 40",
    ),
    "text for a number": (document(model={"particles": "many"}), r"found 'many', .*integer"),
    "not a number": (document(model={"current_factor": float("nan")}), r"model\.current_factor"),
    "bounds reversed": (
        document(optimise={"parameters": {"wind_drift_factor": [0.05, 0.0]}}),
        r"wind_drift_factor: found \[0\.05, 0\], expected \[lower, higher\]",
    ),
    "bounds too wide": (
        document(optimise={"parameters": {"wind_drift_factor": [0.0, 3.0]}}),
        r"expected bounds within 0 to 0\.2",
    ),
    "log scale from zero": (
        document(optimise={"parameters": {"horizontal_diffusivity": [0.0, 3.0]}}),
        r"horizontal_diffusivity: found 0, expected a lower bound above 0",
    ),
    "unknown method": (
        document(optimise={"method": "annealing"}),
        r"optimise\.method: found 'annealing', expected 'gp', 'random', 'gp\+polish' or 'cma'",
    ),
    "no tolerance": (
        document(optimise={"tolerance": 0.0}),
        r"optimise\.tolerance: found 0\.0, expected greater than 0",
    ),
    "a tolerance above any score": (
        document(optimise={"tolerance": 3}),
        r"optimise\.tolerance: found 3, expected less than or equal to 1",
    ),
    "no start": (
        document(optimise={"initial": 0}),
        r"optimise\.initial: found 0, expected greater than or equal to 1",
    ),
    "unknown parameter": (
        document(optimise={"parameters": {"curent_factor": [0.0, 1.0]}}),
        r"curent_factor: unknown parameter; expected some of .*current_factor",
    ),
    "no kind": (
        document(release=[{"lon": 1.0}]),
        r"release\.0\.kind: missing; expected 'area', 'point', 'line' or 'ship'",
    ),
    "one release as a table": (
        document(release=POINT),
        r"release: found a table, expected a list of them, \[\[release\]\]",
    ),
    "release after the run, none given else": (
        released(POINT | {"mass_tonnes": 1, "start": "2021-08-25T00:00:00Z"}),
        r"release\.0: found the time 2021-08-25T00:00Z, expected one within the run",
    ),
    "place of three numbers": (
        released(LINE | {"coordinates": [[1.0, 2.0, 3.0], [1.5, 2.0]]}),
        r"coordinates\.0: found \[1\.0, 2\.0, 3\.0\], expected at most 2 items$",
    ),
    "unknown law": (
        document(processes={"evaporation": True}),
        r"found True, expected 'pseudo-components', 'mackay1980' or 'off'$",
    ),
    "slick without number": (
        document(trace={"slick": "observation"}),
        r"trace\.slick: found 'observation', expected \"observation\.0\"",
    ),
    "one number for a range": (
        document(trace={"parameters": {"current_factor": 1.0}}),
        r"current_factor: found 1\.0, expected two numbers in brackets",
    ),
    "even window": (document(score={"windows": [1, 4]}), r"score\.windows: .*odd"),
    "unknown kind": (
        document(release=[{"kind": "blob"}]),
        r"release\.0\.kind: found 'blob', expected 'area', 'point', 'line' or 'ship'",
    ),
    "no amount of a slick": (
        released(AREA),
        r"release\.0: found none, expected one of mass_tonnes, thickness_um, thickness_class",
    ),
    "two amounts of a slick": (
        released(AREA | {"mass_tonnes": 1, "thickness_class": "sheen"}),
        r"release\.0: found mass_tonnes and thickness_class, expected one of",
    ),
    "thickness beside thicknesses": (
        released(AREA | {"raster_values": "thickness_um", "thickness_um": 3}),
        r"release\.0: found thickness_um, expected at most mass_tonnes",
    ),
    "thickness below zero": (
        released(AREA | {"thickness_um": -3}),
        r"release\.0\.thickness_um: found -3, .*greater than 0",
    ),
    "thickness below zero in a list": (
        released(AREA | {"thickness_um": [-3]}),
        r"release\.0\.thickness_um\.0: found -3, .*greater than 0",
    ),
    "too many thicknesses": (
        released(AREA | {"thickness_um": [3, 4]}),
        r"release\.0: thickness_um: found 2 for 1 geometries, expected one, or one for each",
    ),
    "unknown class": (
        released(AREA | {"thickness_class": "brown"}),
        r"release\.0\.thickness_class: found 'brown', .*'sheen', 'thick' or 'by-name'",
    ),
    "unknown estimate": (
        released(AREA | {"thickness_class": "sheen", "bonn_estimate": "median"}),
        r"release\.0\.bonn_estimate: found 'median', .*'minimum', 'mean' or 'maximum'",
    ),
    "slick that ends before it starts": (
        released(
            AREA | {"mass_tonnes": 1, "time": "2021-08-24T05:00:00Z", "end": "2021-08-24T04:00:00Z"}
        ),
        r"release\.0: end: expected a time after start, 2021-08-24T05:00Z",
    ),
    "slick that goes on after the run": (
        released(AREA | {"mass_tonnes": 1, "end": "2021-09-01T00:00:00Z"}),
        r"release\.0: found the time 2021-09-01T00:00Z, expected one within the run",
    ),
    "age below zero": (
        released(POINT | {"mass_tonnes": 1, "age_hours": -2}),
        r"release\.0\.age_hours: found -2, .*greater than or equal to 0",
    ),
    "depth below zero": (
        released(POINT | {"mass_tonnes": 1, "depth_m": -2}),
        r"release\.0\.depth_m: found -2, .*greater than or equal to 0",
    ),
    "slick at depth": (
        released(AREA | {"mass_tonnes": 1, "depth_m": 2}),
        r"release\.0\.depth_m: unknown key; expected one of geometry, layer",
    ),
    "droplets at the surface": (
        released(POINT | {"mass_tonnes": 1, "droplet_diameter_um": 500}),
        r"release\.0: droplet_diameter_um: expected depth_m above 0 beside it",
    ),
    "rate for no time": (
        released(
            POINT
            | {"rate_tonnes_per_hour": 1}
            | {"start": "2021-08-24T04:00:00Z", "end": "2021-08-24T04:00:00Z"}
        ),
        r"release\.0: end: found the time of start, expected a later one for a rate",
    ),
    "no line": (released(LINE), r"release\.0: expected either coordinates or geometry"),
    "line of one place": (
        released(LINE | {"coordinates": [[1.0, 2.0], [1.0, 2.0]]}),
        r"release\.0: coordinates: found one place, expected two or more",
    ),
    "line off the globe": (
        released(LINE | {"coordinates": [[1.0, 2.0], [1.0, 200.0]]}),
        r"release\.0\.coordinates\.1\.1: found 200\.0, .*less than or equal to 90",
    ),
    "line after the run": (
        released(LINE | {"coordinates": ENDS, "end": "2021-09-01T00:00:00Z"}),
        r"release\.0: found the time 2021-09-01T00:00Z, expected one within the run",
    ),
    "line without mass": (
        released({"kind": "line", "coordinates": ENDS}),
        r"release\.0: found none, expected one of rate_tonnes_per_hour, mass_tonnes",
    ),
    "no track": (
        released({"kind": "ship", "mass_tonnes": 1}),
        r"release\.0\.track: missing; expected \[\{time, lon, lat\}",
    ),
    "track of one fix": (
        released(ship(5)),
        r"release\.0: track: found 1 fixes, expected two at least",
    ),
    "track that goes back": (
        released(ship(5, 9, 7)),
        r"release\.0: track: found the time 2021-08-24T04:07Z after 2021-08-24T04:09Z, expected",
    ),
    "fix without place": (
        released(ship(5, track=[{"time": "2021-08-24T04:05:00Z", "lon": 1.0}])),
        r"release\.0\.track\.0\.lat: missing; expected latitude \[degrees_north\]",
    ),
    "unknown key of a fix": (
        released(ship(track=[{"time": "2021-08-24T04:05:00Z", "lon": 1, "lat": 1, "knots": 9}])),
        r"release\.0\.track\.0\.knots: unknown key; expected one of time, lon, lat",
    ),
    "oil off the track": (
        released(ship(5, 9, end="2021-08-24T04:10:00Z")),
        r"release\.0: end: found 2021-08-24T04:10Z, expected a time within the track, "
        r"2021-08-24T04:05Z to 2021-08-24T04:09Z",
    ),
    "track after the run": (
        document(
            release=[ship(5, 9)],
            time={"start": "2021-08-24T03:43:00Z", "end": "2021-08-24T04:08:00Z"},
        ),
        r"release\.0: found the time 2021-08-24T04:09Z, expected one within the run",
    ),
    "no mass": (
        document(release=[POINT]),
        r"release\.0: found none, expected one of rate_tonnes_per_hour, mass_tonnes",
    ),
    "two masses": (
        document(release=[POINT | {"mass_tonnes": 1, "rate_tonnes_per_hour": 1}]),
        r"found rate_tonnes_per_hour and mass_tonnes, expected one of rate_tonnes_per_hour, mass",
    ),
    "negative mass": (
        document(release=[POINT | {"mass_tonnes": -1}]),
        r"release\.0\.mass_tonnes: found -1, .*greater than 0",
    ),
    "release after the run": (
        document(release=[POINT | {"mass_tonnes": 1, "start": "2021-09-01T00:00:00Z"}]),
        r"release\.0: found the time 2021-09-01T00:00Z, expected one within the run",
    ),
    "two oils": (
        document(oil={"name": "generic-diesel", "api_gravity": 30}),
        r"oil: expected either name or api_gravity",
    ),
    "variable not set": (
        document(forcing={"currents": "${NOT_SET_ANYWHERE}/c.nc", "winds": "w.nc"}),
        r"\$\{NOT_SET_ANYWHERE\}: environment variable not set",
    ),
    "nothing to run or trace": (document(release=[]), r"release: none given; expected"),
    "trace of what is no release": (
        document(trace={"slick": "the first"}),
        r"trace\.slick: found 'the first'",
    ),
    "range of no drift parameter": (
        document(trace={"parameters": {"source_share": [0.0, 1.0]}}),
        r"trace\.parameters.*source_share: unknown parameter; expected some of wind_drift_factor",
    ),
    "range the wrong way round": (
        document(trace={"parameters": {"current_factor": [1.5, 0.5]}}),
        r"current_factor: found \[1\.5, 0\.5\], expected \[lower, higher\]",
    ),
    "more members than particles": (
        document(trace={"particles": 10, "members": 20}),
        r"trace: particles: found 10, expected one at least for each of 20 members",
    ),
    "folder from outside": (document(folder="/"), r"folder: unknown key"),
}


RIGHT = {
    "slick of a class": AREA | {"thickness_class": "by-name", "bonn_estimate": "maximum"},
    "thickness of each file": AREA | {"geometry": ["a.shp", "b.shp"], "thickness_um": [0.1, 20]},
    "thicknesses": AREA | {"raster_values": "thickness_um"},
    "thicknesses of known mass": AREA | {"raster_values": "thickness_um", "mass_tonnes": 3},
    "steady slick": AREA | {"thickness_um": 3, "end": "2021-08-24T08:00:00Z", "age_hours": 6},
    "line": LINE | {"coordinates": ENDS},
    "line of a file": LINE | {"geometry": "pipe.shp"},
    "track": ship(5, 9),
    "track of a file": ship(track="track.csv"),
    "well": POINT | {"rate_tonnes_per_hour": 3, "depth_m": 1500, "droplet_diameter_um": 300},
}


@pytest.mark.parametrize("kind", RIGHT)
def test_every_kind_of_release_is_read_and_written_back(kind):
    case = parse_case(released(RIGHT[kind]))
    again = parse_case(case.model_dump(mode="json"))
    assert again.release == case.release


def test_a_part_of_a_track_may_lie_outside_the_run():
    within = {"start": "2021-08-24T04:05:00Z", "end": "2021-08-24T04:06:00Z"}
    parse_case(document(release=[ship(1, 9, **within)], time=within))


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_with_key_and_expectation(mistake):
    bad, message = MISTAKES[mistake]
    with pytest.raises(CaseError) as caught:
        parse_case(bad)
    lines = str(caught.value).splitlines()
    assert len(lines) == 1
    assert re.search(message, lines[0]), lines[0]


def test_all_mistakes_are_told_at_once():
    with pytest.raises(CaseError) as caught:
        parse_case(document(model={"particles": 0, "seed": -1}, oil={"api_gravity": 200}))
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"[time\n", "not TOML"),
        (b"\xff\xfe\x00", "not a text file"),
    ],
)
def test_a_file_that_is_no_case_is_named(tmp_path, content, message):
    path = tmp_path / "case.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CaseError, match=message) as caught:
        load_case(path)
    assert str(path) in str(caught.value)


def test_a_folder_is_no_case(tmp_path):
    with pytest.raises(CaseError, match="is a folder"):
        load_case(tmp_path)


def searched(observations, **optimise):
    seen = [{"geometry": "seen.shp"}] * observations
    return parse_case(document(observation=seen, optimise=optimise)).optimise.parameters


def test_what_masks_can_tell_is_searched_by_default():
    none, one, two = ({*searched(n)} for n in (0, 1, 2))
    assert one - none == {"current_bias_east", "current_bias_north"}
    assert two - one == {"detection_limit_um"}
    assert {*searched(2, evaluations=9)} == two


def test_parameters_that_a_case_gives_are_all_that_is_searched():
    given = {"current_factor": (0.5, 1.5)}
    assert searched(2, parameters=given) == given


def test_what_is_searched_by_default_survives_writing_and_reading():
    case = parse_case(document(observation=[{"geometry": "seen.shp"}] * 2))
    assert parse_case(case.model_dump(mode="json", exclude_none=True)).optimise == case.optimise


@pytest.mark.parametrize("wrong", [{"observation": 3}, {"optimise": 3}, {"observation": None}])
def test_what_is_no_table_is_refused_as_such(wrong):
    seen = {"observation": [{"geometry": "seen.shp"}]}
    with pytest.raises(CaseError, match=next(iter(wrong))):
        parse_case(document(**seen | wrong))
