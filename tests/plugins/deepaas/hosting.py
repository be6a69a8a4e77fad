"""Modules of DEEPaaS in environments of their own, for tests that need them."""

import shutil
from pathlib import Path

from witoil.plugins.hosted.module import HostedModule
from witoil.plugins.hosted.record import RECORD, HostedRecord, Limits
from witoil.plugins.hosting import described, host_module

HERE = Path(__file__).parent
LIMITS = Limits(seconds=60.0)


def host_modules(place):
    """Add a module of each package; the others of the first share its environment."""
    one = shutil.copytree(HERE / "one", place.with_name("checkout"))  # pip writes beside it
    record = host_module(str(one), place, model="plugdemo", limits=LIMITS)
    host_module(str(HERE / "other"), place, limits=LIMITS)
    for name in ("plugc", "trouble"):
        write_record(
            place / name,
            described(record.model_copy(update={"model": name, "can_be_trained": False})),
        )
    broken = record.model_copy(update={"model": "plugx"})
    write_record(place / "elsewhere" / "plugx", broken)


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
