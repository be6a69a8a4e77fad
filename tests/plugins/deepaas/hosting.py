"""Modules of DEEPaaS in environments of their own, for tests that need them."""

import shlex
from pathlib import Path

import pytest

from witoil.plugins.hosted.module import HostedModule
from witoil.plugins.hosted.record import RECORD, HostedRecord, Limits
from witoil.plugins.hosting import described, host_module

HERE = Path(__file__).parent
LIMITS = Limits(seconds=60.0)


def host_modules(place):
    """Add a module of each package; the others of the first share its environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_COMPILE", "0")  # most of what comes along is never loaded
        record = host_module(str(HERE / "one"), place, model="plugdemo", limits=LIMITS)
        python = copying(record, place.parent)
        host_module(str(HERE / "other"), place, model="plugb", python=python, limits=LIMITS)
    for name in ("plugc", "trouble"):
        write_record(
            place / name,
            described(record.model_copy(update={"model": name, "can_be_trained": False})),
        )
    broken = record.model_copy(update={"model": "plugx"})
    write_record(place / "elsewhere" / "plugx", broken)


def copying(record, folder):
    """Return an interpreter whose environments begin as copies of that of a module.

    What two modules need alike has come with the first: pip looks for the rest only.
    """
    environment, program = record.python.parents[1], folder / "copying-python"
    program.write_text(f'#!/bin/sh\nexec cp -R {shlex.quote(str(environment))} "$3"\n')
    program.chmod(0o755)
    return str(program)


def write_record(folder, record):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RECORD).write_text(record.model_dump_json())
    return HostedModule.open(folder)


def with_limits(place, name, folder, **limits):
    """Return a module with other limits, in a folder of its own."""
    record = HostedModule.open(place / name).record
    changed = Limits(**(record.limits.model_dump() | limits))
    return write_record(folder / name, record.model_copy(update={"limits": changed}))


def record(name="made", parameters=(), **changes):
    """Return what is kept of a module that is nowhere."""
    values = {
        "model": name,
        "requirement": name,
        "python": Path("/nowhere/bin/python"),
        "metadata": {"name": name, "version": "1"},
        "predict": {
            "parameters": list(parameters),
            "responses": {"200": {"schema": {"$ref": "#/definitions/Prediction"}}},
        },
    }
    return HostedRecord(**(values | changes))
