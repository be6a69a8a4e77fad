"""The oil of a case: generic, of an API gravity, or a record of NOAA's ADIOS database."""

from __future__ import annotations

import os
from difflib import SequenceMatcher

import numpy as np

import catalog
import simulator
from catalog.oils import LIBRARY_VARIABLE
from witoil.case import Case
from witoil.errors import CaseError

HOW_TO_GET_MORE = (
    f"{LIBRARY_VARIABLE} is not set: these are the generic oils only. For the records of NOAA's "
    "ADIOS database, download https://github.com/NOAA-ORR-ERD/noaa-oil-data as a zip and set "
    f"{LIBRARY_VARIABLE} to it, or to the unpacked folder."
)

_NEAREST = 5

_EMULSIFYING_PRODUCTS = ("Residual Fuel Oil", "Fuel Oil NOS")
"""Product types of ADIOS, beside crude oils, that take up water."""


def oil_of(case: Case) -> simulator.Oil:
    """Return the oil of a case.

    Parameters
    ----------
    case : Case
        Its `oil.name` is a generic oil, the path of an ADIOS record (``*.json``), or the id or
        name of a record in the folder or zip that ``WITOIL_OILS`` names.

    Returns
    -------
    simulator.Oil

    Raises
    ------
    CaseError
        If no oil has the name; the message has the five nearest. If its measurements are those of
        no oil.
    CatalogError, SimulatorError
        If the record cannot be read, or lacks a property.
    """
    if case.oil.api_gravity is not None:
        return simulator.generic_oil(case.oil.api_gravity)
    assert case.oil.name is not None
    name = case.oil.name.strip()
    if name.lower() in simulator.GENERIC_OILS:
        return simulator.GENERIC_OILS[name.lower()]
    if name.lower().endswith(".json"):
        place = case.paths(name)[0]
        record: catalog.OilRecord | None = catalog.read_oil(place)
    else:
        record, place = catalog.look_up_oil(name), f"oil.name: {name}"
    if record is None:
        raise CaseError(f"oil.name: found {name!r}, {_expected(name)}")
    try:
        return _from_record(record)
    except simulator.SimulatorError as error:
        raise CaseError(f"{place}: {error}, in a copy of the record") from None


def remarks_on(
    case: Case, oil: simulator.Oil, forcing: simulator.Forcing
) -> tuple[catalog.Parametrised, ...]:
    """Return what of an oil was left out, and whether the sea is so cold that it sets.

    Parameters
    ----------
    case : Case
    oil : simulator.Oil
    forcing : simulator.Forcing

    Returns
    -------
    tuple of catalog.Parametrised
        For the coverage report.
    """
    remarks = list(oil.remarks)
    coldest = case.model.water_temperature
    if forcing.temperature is not None:
        coldest = float(np.nanmin(forcing.temperature.values))
    if case.processes.physics.weathering and oil.sets_at(coldest):
        remarks.append(
            f"pour point {oil.pour_point - 273.15:.3g} C, and the sea is as cold as "
            f"{coldest - 273.15:.3g} C: there it hardly spreads, evaporates, takes up water and "
            "disperses"
        )
    return tuple(catalog.Parametrised("oil", remark) for remark in remarks)


def list_oils(query: str = "") -> tuple[list[catalog.OilEntry], bool]:
    """List the oils whose name holds all words of a query or whose id starts with it.

    Parameters
    ----------
    query : str
        In any case; none: everything.

    Returns
    -------
    list of catalog.OilEntry
        Generic ones first.
    bool
        Whether a database is named by ``WITOIL_OILS``.

    Raises
    ------
    CatalogError
        If the database cannot be read.
    """
    words = query.casefold().split()
    generic = [
        catalog.OilEntry("generic", name, oil.api_gravity, True)
        for name, oil in simulator.GENERIC_OILS.items()
        if all(word in name for word in words)
    ]
    return generic + catalog.find_oils(query), bool(os.environ.get(LIBRARY_VARIABLE))


def _expected(name: str) -> str:
    """Say what oils come nearest to a name."""
    entries, has_library = list_oils()
    names = {entry.name for entry in entries} | {
        entry.id for entry in entries if entry.id != "generic"
    }

    def likeness(known: str) -> tuple[float, str]:
        return -SequenceMatcher(None, known.casefold(), name.casefold()).ratio(), known

    nearest = ", ".join(repr(known) for known in sorted(names, key=likeness)[:_NEAREST])
    hint = "" if has_library else f"; {LIBRARY_VARIABLE}, which names a database, is not set"
    return f"expected an oil that `witoil oils` lists; nearest: {nearest}{hint}"


def _from_record(record: catalog.OilRecord) -> simulator.Oil:
    return simulator.Oil.from_measurements(
        record.name,
        densities=record.densities,
        viscosities=record.viscosities,
        cuts=record.cuts,
        cuts_by_volume=record.cuts_by_volume,
        recovered=record.recovered,
        emulsifies=record.is_crude or record.product_type in _EMULSIFYING_PRODUCTS,
        max_water_fraction=record.max_water_fraction,
        oil_water_interfacial_tension=record.oil_water_interfacial_tension,
        pour_point=record.pour_point,
    )
