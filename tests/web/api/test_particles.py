"""Particles by output step: what a page decodes is what the run has."""

import numpy as np
import pytest
import xarray as xr

from simulator import Status
from tests.web.people import assert_problem
from witoil.player.mercator import latitude_of


def decoded(header, content, thin=1):
    """Return the columns of records, as a page reads them, shape (steps, particles)."""
    count = -(-header["count"] // thin)
    columns = header["layout"]["columns"]
    size = sum(np.dtype(each["type"]).itemsize for each in columns) * count
    size += -size % header["layout"]["align"]
    assert len(content) % size == 0
    found = {each["name"]: [] for each in columns}
    for start in range(0, len(content), size):
        for each in columns:
            kind = np.dtype(each["type"]).newbyteorder("<")
            found[each["name"]].append(np.frombuffer(content, kind, count, start))
            start += count * kind.itemsize
    return {name: np.array(rows) for name, rows in found.items()}


def places(header, columns):
    """Return longitudes and latitudes, NaN where there are none."""
    scales = {each["name"]: each["scale"] for each in header["layout"]["columns"]}
    x, y = (
        np.where(
            columns[name] == header["layout"]["missing"],
            np.nan,
            scales[name]["offset"] + scales[name]["step"] * columns[name],
        )
        for name in "xy"
    )
    return x, latitude_of(y)


@pytest.mark.slow
def test_what_is_decoded_is_the_run(anna, job, twin_run):
    header = anna.get(f"/jobs/{job}/particles").json
    steps = len(header["times"])
    with xr.open_dataset(twin_run / "particles.nc") as run:
        run.load()
    assert [np.datetime64(time[:-1]) for time in header["times"]] == list(run["time"].values)
    answer = anna.get(f"/jobs/{job}/particles/0-{steps - 1}")
    assert answer.mimetype == "application/octet-stream"
    columns = decoded(header, answer.data)
    lon, lat = places(header, columns)
    west, _, east, _ = header["bounds"]
    order = np.random.default_rng(0).permutation(header["count"])
    within = max(east - west, 0.5) / 65_534
    np.testing.assert_allclose(lon, run["lon"].values.T[:, order], rtol=0, atol=within)
    np.testing.assert_allclose(lat, run["lat"].values.T[:, order], rtol=0, atol=within)
    np.testing.assert_array_equal(columns["status"], run["status"].values.T[:, order])
    assert set(np.unique(columns["status"]).astype(str)) <= set(header["statuses"])


def test_oil_is_as_old_as_the_outputs_since_it_was_first_out(anna, job, twin_run):
    header = anna.get(f"/jobs/{job}/particles").json
    steps = len(header["times"])
    columns = decoded(header, anna.get(f"/jobs/{job}/particles/0-{steps - 1}").data)
    scale = next(each["scale"] for each in header["layout"]["columns"] if each["name"] == "age")
    times = np.array([np.datetime64(time[:-1]) for time in header["times"]])
    out = columns["status"] != Status.UNRELEASED
    for k in range(0, header["count"], 97):
        first = int(np.argmax(out[:, k]))
        assert (columns["age"][:first, k] == header["layout"]["missing"]).all()
        age = scale["offset"] + scale["step"] * columns["age"][first:, k]
        hours = (times[first:] - times[first]) / np.timedelta64(1, "h")
        np.testing.assert_allclose(age, hours, rtol=0, atol=scale["step"])
    assert len({tuple(row) for row in columns["age"].T}) > 2  # released one after the other


def test_steps_are_alike_however_they_are_asked_for(anna, job):
    header = anna.get(f"/jobs/{job}/particles").json
    whole = anna.get(f"/jobs/{job}/particles/0-3").data
    parts = [anna.get(f"/jobs/{job}/particles/{k}-{k}").data for k in range(4)]
    assert whole == b"".join(parts)
    for thin in (2, 7, 499, 500, 10**6):
        few = anna.get(f"/jobs/{job}/particles/1-2?thin={thin}").data
        sample, full = decoded(header, few, thin), decoded(header, whole)
        for name, column in sample.items():
            np.testing.assert_array_equal(column, full[name][1:3, : column.shape[1]])


def test_what_the_client_has_is_not_sent_again(anna, job):
    first = anna.get(f"/jobs/{job}/particles/0-0")
    again = anna.get(f"/jobs/{job}/particles/0-0", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    other = anna.get(f"/jobs/{job}/particles/1-1", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        ("0-999", 404),
        ("3-2", 404),
        ("999999-1000000", 404),
        ("0-1?thin=0", 422),
        ("0-1?thin=NaN", 422),
        ("0-1?thin=1e3", 422),
        ("0-1?thick=1", 422),
        ("0-x", 422),
        ("0", 404),
        ("-1-2", 422),
        ("0-99999999999999999999", 422),
        ("%00-1", 422),
    ],
)
def test_steps_that_there_are_not(anna, job, steps, status):
    assert_problem(anna.get(f"/jobs/{job}/particles/{steps}"), status)


def test_jobs_without_particles(service, anna):
    assert_problem(anna.get("/jobs/none/particles"), 404)
    from tests.web.people import case

    asked = case(winds="https://data.example.org/winds.nc")
    waiting = anna.post("/ogc/processes/simulate/execution", json={"inputs": {"case": asked}}).json
    assert_problem(anna.get(f"/jobs/{waiting['jobID']}/particles"), 404, "accepted")
    assert anna.delete(f"/ogc/jobs/{waiting['jobID']}").status_code == 200


def test_too_much_at_once(anna, job, monkeypatch):
    from web.api import particles

    monkeypatch.setattr(particles, "MOST_BYTES", 12_000)
    assert_problem(anna.get(f"/jobs/{job}/particles/0-3"), 422, "expected 2 at most")
    assert anna.get(f"/jobs/{job}/particles/0-1").status_code == 200
