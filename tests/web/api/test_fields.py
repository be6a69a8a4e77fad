"""Arrows of a map are the velocities that moved the oil of the run."""

import numpy as np
import pytest
import xarray as xr

from tests.web.people import assert_problem, bring, case, ended_with, people
from web.data import uploads

BOX = "19.3,36.3,19.7,36.7"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uploads, "check", lambda path, purpose: {})
        with people(tmp_path_factory.mktemp("service"), allowed_hosts="data.example.org") as made:
            yield made


@pytest.fixture(scope="module")
def job(service, anna, twin_run, demo_twin):
    stored = {
        role: bring(anna, f"{role}.nc", (demo_twin / f"{role}.nc").read_bytes(), "forcing").json
        for role in ("currents", "winds")
    }
    asked = case(**{role: each["reference"] for role, each in stored.items()})
    return ended_with(service, anna, twin_run, asked)


@pytest.mark.parametrize("name", ["currents", "winds"])
@pytest.mark.parametrize("count", [1, 7, 400, 5000])
def test_vectors_are_those_of_the_files(anna, job, demo_twin, name, count):
    time = "2025-06-01T07:30:00Z"
    answer = anna.get(f"/jobs/{job}/fields/{name}?bbox={BOX}&time={time}&count={count}")
    assert answer.status_code == 200, answer.data
    assert answer.json["time"] == time
    vectors = answer.json["vectors"]
    assert 1 <= len(vectors) <= count
    with xr.open_dataset(demo_twin / f"{name}.nc") as file:
        at = file.load().interp(time=np.datetime64(time[:-1]))
    east, north = (each for each in at.data_vars if at[each].ndim == 2)
    for vector in vectors:
        node = at.sel(longitude=vector["lon"], latitude=vector["lat"], method="nearest")
        assert float(node["longitude"]) == pytest.approx(vector["lon"], abs=1e-5)
        assert 19.3 <= vector["lon"] <= 19.7
        assert 36.3 <= vector["lat"] <= 36.7
        assert vector["east"] == pytest.approx(float(node[east]), abs=1e-5)
        assert vector["north"] == pytest.approx(float(node[north]), abs=1e-5)


@pytest.mark.slow
def test_more_vectors_where_more_are_asked_for(anna, job):
    address = f"/jobs/{job}/fields/currents?bbox={BOX}&time=2025-06-01T07:00:00Z&count="
    counts = [len(anna.get(address + str(count)).json["vectors"]) for count in (4, 40, 400)]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("bbox=100,0,120,10&time=2025-06-01T07:00:00Z", 0),
        ("bbox=379.3,36.3,379.7,36.7&time=2025-06-01T07:00:00Z", None),
        ("bbox=10,30,-10,40&time=2025-06-01T07:00:00Z", 400),
    ],
)
def test_boxes_elsewhere_and_around(anna, job, query, count):
    answer = anna.get(f"/jobs/{job}/fields/winds?{query}")
    if count is None:
        assert_problem(answer, 422)
    else:
        assert answer.status_code == 200
        assert len(answer.json["vectors"]) <= count


@pytest.mark.parametrize(
    ("rest", "status"),
    [
        (f"waves?bbox={BOX}&time=2025-06-01T07:00:00Z", 422),
        (f"winds?bbox={BOX}", 422),
        (f"winds?bbox={BOX}&time=2020-01-01T00:00:00Z", 422),
        (f"winds?bbox={BOX}&time=0001-01-01T00:00:00Z", 422),
        ("winds?bbox=1,2&time=2025-06-01T07:00:00Z", 422),
        ("winds?bbox=NaN,0,1,1&time=2025-06-01T07:00:00Z", 422),
        ("winds?bbox=0,1,1,0&time=2025-06-01T07:00:00Z", 422),
        (f"winds?bbox={BOX}&time=2025-06-01T07:00:00Z&count=0", 422),
        (f"winds?bbox={BOX}&time=2025-06-01T07:00:00Z&count=1000000000", 422),
    ],
)
def test_fields_that_there_are_not(anna, job, rest, status):
    assert_problem(anna.get(f"/jobs/{job}/fields/{rest}"), status)


def test_run_without_a_field_and_with_one_of_a_server(service, anna, twin_run):
    asked = case(winds="https://data.example.org/winds.nc")
    job = ended_with(service, anna, twin_run, asked)
    rest = f"?bbox={BOX}&time=2025-06-01T07:00:00Z"
    assert_problem(anna.get(f"/jobs/{job}/fields/currents{rest}"), 404)
    assert_problem(anna.get(f"/jobs/{job}/fields/winds{rest}"), 404, "another server")


@pytest.mark.parametrize("number", ["20210824", "0", "-1e-52", "1629776580", " 5 ", "nan", "inf"])
def test_numbers_are_no_times(number):
    """They would be taken for seconds since 1970."""
    from pydantic import ValidationError

    from web.api.fields import FieldQuery
    from web.api.usage import UsageQuery
    from web.jobs.wanted import Span

    for model, given in (
        (FieldQuery, {"bbox": "1,2,3,4", "time": number}),
        (UsageQuery, {"end": number}),
        (Span, {"start": number, "end": "2021-08-24"}),
        (Span, {"start": "2021-08-24", "end": 4102444800}),
    ):
        with pytest.raises(ValidationError, match="found a number"):
            model.model_validate(given)
