"""Nobody uses more than they may, and what they use is counted whatever becomes of it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.people import assert_problem, case, people
from web.errors import QuotaError
from web.jobs import queue
from web.jobs.processes import PROCESSES
from web.people.access import Person
from web.people.quotas import Quotas, charge, particle_steps, refuse_job, use_of
from web.people.tokens import grant_quotas
from web.store.grants import Charge

CASE = case(winds="none", currents="https://data.example.org/a.nc")
STEPS = 100 * 12 * 4


@pytest.fixture
def service(tmp_path):
    with people(
        tmp_path,
        allowed_hosts="data.example.org",
        jobs_at_once=2,
        jobs_a_day=4,
        particle_steps=5 * STEPS,
    ) as made:
        yield made


def execute(client, **model):
    asked = CASE | {"model": {"particles": 100, **model}}
    return client.post("/ogc/processes/simulate/execution", json={"inputs": {"case": asked}})


def test_jobs_at_once(service):
    client, other = service.client("anna"), service.client("bob")
    first = execute(client).json["jobID"]
    execute(client)
    assert_problem(execute(client), 429, "2 jobs that wait or run")
    assert execute(other).status_code == 201
    client.delete(f"/ogc/jobs/{first}")
    assert execute(client).status_code == 201


@pytest.mark.slow
def test_jobs_a_day_count_though_they_are_dismissed(service):
    client = service.client("anna")
    for _ in range(4):
        client.delete(f"/ogc/jobs/{execute(client).json['jobID']}")
    assert_problem(execute(client), 429, "4 jobs in 24 hours")
    with service.store.session() as session:
        for each in session.query(Charge):
            each.time -= timedelta(hours=25)
    assert execute(client).status_code == 201


def test_particle_steps(service):
    client = service.client("anna")
    assert_problem(execute(client, particles=501), 413, "fewer particles")
    assert execute(client, particles=300).status_code == 201
    assert_problem(execute(client, particles=300), 429, "go on later")
    assert execute(client, particles=200).status_code == 201
    with service.store.reading() as session:
        assert use_of(session, "anna").particle_steps == 5 * STEPS


def test_what_was_granted_counts(service):
    client = service.client("anna")
    with service.store.session() as session:
        grant_quotas(session, "anna", {"jobs_at_once": 0})
    assert_problem(execute(client), 429)
    assert client.get("/session").json["quotas"]["jobs_at_once"] == 0
    assert client.get("/session").json["quotas"]["jobs_a_day"] == 4


@pytest.mark.slow
def test_whoever_is_alone_is_not_counted(tmp_path):
    with people(tmp_path, auth="off", allowed_hosts="data.example.org", jobs_at_once=1) as service:
        for _ in range(3):
            assert execute(service.client()).status_code == 201


@pytest.mark.slow
def test_many_requests_at_once_get_no_more(store):
    person, quotas = Person("anna", frozenset(("run",))), Quotas(3, 100, 10**9, 1, 1)

    def ask(number):
        try:
            with store.session() as session:
                refuse_job(session, person, quotas, 1)
                job = queue.submit(session, "anna", "simulate", {}, str(number))
                charge(session, job, 1)
        except QuotaError:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(24))) == 3


def steps(process, **inputs):
    checked = PROCESSES[process].inputs.model_validate(inputs)
    return particle_steps(process, checked)


def test_particle_steps_of_each_process():
    assert steps("simulate", case=CASE) == STEPS
    assert steps("optimise", case=CASE | {"optimise": {"evaluations": 7}}) == 7 * STEPS
    assert steps("reconstruct", case=CASE | {"optimise": {"evaluations": 7}}) == 7 * STEPS
    forecast = CASE | {"forecast": {"evaluations": 10, "members": 5}}
    assert steps("forecast", case=forecast) == 15 * STEPS
    assert steps("ensemble", case=CASE, members=3) == 3 * STEPS
    assert steps("ensemble", case=CASE | {"ensemble": {"members": 4}}) == 4 * STEPS
    trace = CASE | {"trace": {"particles": 1000, "members": 10, "hours": 6}}
    assert steps("trace", case=trace) == 1000 * 6 * 4
    assert steps("check", case=CASE) == 0
    assert steps("score", run="a", observation="b") == 0


@given(st.integers(1, 10_000_000), st.floats(0.01, 90.0), st.integers(1, 20))
def test_longer_finer_and_larger_runs_count_more(particles, minutes, years):
    def count(particles, minutes, years):
        names = ("time_step_minutes", "output_interval_minutes")
        model = {"particles": particles} | dict.fromkeys(names, minutes)
        time = CASE["time"] | {"end": f"{2021 + years}-08-24T00:00:00Z"}
        return steps("simulate", case=CASE | {"model": model, "time": time})

    one = count(particles, minutes, years)
    assert count(2 * particles, minutes, years) == 2 * one
    assert count(particles, minutes, years + 1) > one
    assert count(particles, 2 * minutes, years) < one
