"""Compiling once, early, and only what has to be."""

import hashlib
import json
import logging
import os
import subprocess
import sys

import pytest

import simulator
from simulator import compilation
from simulator.kernels import chunk as chunks
from simulator.kernels import shore
from tests.simulator.builders import START, carry, forcing

SLICK = simulator.PointRelease(35.0, 35.5, mass=1e5, time=START)

_RUN = """
import gc
import json
from numba.core import event
from simulator.compilation import compile_model, halves, whole
gc.set_threshold(50_000, 20, 20)  # as in the process that compiles beside this one
compile_model()
halved = [call[0] for half in halves() for call in half]
compiled = set()

class Compiled(event.Listener):
    def on_start(self, started):
        compiled.add(started.data["dispatcher"].py_func.__qualname__)

    def on_end(self, ended):
        pass

event.register("numba:compile", Compiled())
from tests.simulator.test_compilation import bits, weathered
done = weathered()
kernels = {function.py_func.__qualname__ for function in [*halved, whole()[0]]}
print(json.dumps([sorted(kernels & compiled), bits(done)]))
"""


def weathered():
    """Run oil for an hour, everything switched on."""
    particles = simulator.seed_particles([SLICK], 20, seed=1)
    oil = simulator.generic_oil(25.0)
    processes = simulator.Processes()
    return carry(forcing((0.1, 0.0), (9.0, 0.0)), particles, 2.0, oil=oil, processes=processes)


def bits(result):
    """Return a digest of all values of a run."""
    values = b"".join(result[name].to_numpy().tobytes() for name in sorted(result.variables))
    return hashlib.sha256(values).hexdigest()


@pytest.fixture
def begun(monkeypatch):
    """Begin anew, start no process; return the tasks that would be."""
    tasks = []
    monkeypatch.setattr(compilation, "_process", tasks.append)
    monkeypatch.setattr(compilation, "_running", [])
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    compilation.compile_early.cache_clear()
    yield tasks
    compilation.compile_early.cache_clear()


def test_what_is_to_be_compiled_is_begun_once_and_said(begun, monkeypatch, caplog):
    monkeypatch.setattr(compilation, "_is_compiled", lambda kernel: False)
    with caplog.at_level(logging.WARNING):
        compilation.compile_early()
        compilation.compile_early()
    assert begun == ["compile_model"]
    assert caplog.messages == ["compiling the model, once ..."]


def test_one_processor_is_left_to_the_run(begun, monkeypatch, caplog):
    monkeypatch.setattr(compilation, "_is_compiled", lambda kernel: False)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    compilation.compile_early()
    assert begun == []
    assert caplog.messages == ["compiling the model, once ..."]


@pytest.mark.slow
def test_what_is_compiled_is_left_alone(begun, caplog):
    weathered()
    compilation.compile_early()
    assert begun == []
    assert caplog.messages == []


@pytest.mark.slow
def test_a_run_waits_for_a_process_and_outlives_its_failure(monkeypatch):
    failing = subprocess.Popen([sys.executable, "-c", "raise SystemExit(1)"])
    monkeypatch.setattr(compilation, "_running", [failing])
    weathered()
    assert failing.returncode == 1
    assert compilation._running == []


@pytest.mark.slow
def test_the_examples_have_the_types_of_runs():
    weathered()
    calls = [compilation.whole(), *(call for half in compilation.halves() for call in half)]
    entries = [call for call in calls if call[0] in (chunks.advance, shore.visit_shore)]
    assert len(entries) == 2
    for kernel, arguments in entries:
        assert compilation.types_of(arguments) in kernel.signatures


@pytest.mark.slow
def test_after_compiling_a_run_finds_all_it_calls(tmp_path):
    # what is compiled does not depend on how far it is optimised; as users have it, without checks
    compiled = {"NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_OPT": "1", "NUMBA_BOUNDSCHECK": "0"}
    done = subprocess.run(
        [sys.executable, "-c", _RUN],
        env={**os.environ, **compiled},
        capture_output=True,
        text=True,
        check=True,
    )
    compiled_later, bits_there = json.loads(done.stdout)
    assert compiled_later == []
    assert bits_there == bits(weathered())
    # nothing was compiled for other types than those of the run, but for what literals make two
    twice = {path.name.split("-")[0] for path in tmp_path.rglob("*.2.nbc")}
    assert twice <= {"sampling.bilinear_vector"}
