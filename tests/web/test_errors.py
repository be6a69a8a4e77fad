"""What can go wrong has a status, whichever class it is of."""

import importlib
import pkgutil
from pathlib import Path

import pytest

import catalog
import optimizer
import simulator
import web
import witoil
from catalog.errors import CatalogError
from simulator.errors import SimulatorError
from tests.web.people import assert_problem, case, people
from web.errors import _STATUS, ServiceError
from witoil.errors import WitoilError

BASES = (ServiceError, WitoilError, CatalogError, SimulatorError)

NEVER_IN_A_REQUEST = {
    "NotHeldError",  # of runners
    "WorkerEndedError",
    "StoppedError",  # of previews, whose ends `web.previews.asking` says
    "EndedError",
    "FieldsError",  # told as DEEPaaS tells it, by whoever asks for the fields
    "CursorError",  # said as what is wrong with a request
    "NoSuchJobError",  # said as a NotFoundError where it is met
}


def _exceptions():
    """Yield all exceptions that the packages define."""
    seen = set()
    for package in (web, witoil, catalog, simulator, optimizer):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" in found.name or found.name.endswith("__main__"):
                continue
            module = importlib.import_module(found.name)
            for value in vars(module).values():
                own = isinstance(value, type) and value.__module__ == module.__name__
                if own and issubclass(value, Exception) and value not in seen:
                    seen.add(value)
                    yield value


@pytest.mark.slow
def test_every_exception_has_a_row_in_the_table_of_statuses():
    found = list(_exceptions())
    assert len(found) > 20
    without = [
        error.__name__
        for error in found
        if not any(base in _STATUS for base in error.__mro__)
        and error is not ServiceError
        and (issubclass(error, BASES) or error.__module__.startswith("web."))
    ]
    assert set(without) == NEVER_IN_A_REQUEST


@pytest.mark.slow
def test_a_catalogue_that_cannot_be_read_is_not_the_fault_of_whoever_asks(tmp_path: Path):
    catalogue = tmp_path / "catalogue.toml"
    with people(tmp_path, catalogue=catalogue) as service:
        anna = service.client("anna")
        for content in ("[", "[a]\ntitle = 'x'", "['a/b']\ntitle = 'x'\nfiles = 'y'"):
            catalogue.write_text(content)
            asked = {"inputs": {"case": case()}}
            answer = anna.post("/ogc/processes/simulate/execution", json=asked)
            assert_problem(answer, 503, "the catalogue of the operator cannot be read")
