"""The fields of a run: read from the files of a case, cut to where and when it runs."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import catalog
import simulator
from catalog.grid import turn_longitudes
from witoil.case import Case
from witoil.case.forcing import FieldFiles
from witoil.scenario.faults import FAULTS, Faults
from witoil.scenario.verification import Box

Report = catalog.Coverage | catalog.Parametrised

_ROLES: tuple[catalog.RoleName, ...] = ("currents", "winds", "waves", "temperature")

_NEAR_POLE_DEG = 85.0
_CLOSE_ROWS_DEG = 0.05

_SIDES = (
    ("west", "longitude", 0, -1.0),
    ("south", "latitude", 0, -1.0),
    ("east", "longitude", -1, 1.0),
    ("north", "latitude", -1, 1.0),
)
"""Sides of a box, in its order: name, axis, its outermost node there, and which way it grows."""

_COMPONENTS = {"currents": simulator.CURRENT, "winds": simulator.WIND, "waves": simulator.STOKES}
_FIELD_OF = {"currents": "current", "winds": "wind", "waves": "stokes"}
_WITHOUT = {
    "currents": ("sea_water_velocity", 'none (currents = "none"): the wind alone moves the oil'),
    "winds": ("wind", 'none (winds = "none"): calm all the time'),
}


@dataclass(frozen=True)
class _Product:
    """One product of a role, as far as a run needs it.

    Attributes
    ----------
    data : Dataset
        What of it is read.
    axes : Dataset
        Longitudes and latitudes of the whole. [degrees]
    box : tuple of float
        What of the area of the run it has. [degrees]
    is_last : bool
        Whether there is no other product of the role to go to.
    remarks : tuple of str
        On products before it that the run does not use.
    """

    data: xr.Dataset
    axes: xr.Dataset
    box: Box
    is_last: bool
    remarks: tuple[str, ...] = ()


def read_forcing(
    case: Case, start: np.datetime64, end: np.datetime64, wanted: Box, area: Box
) -> tuple[simulator.Forcing, tuple[Report, ...]]:
    """Read the fields of a run, no more of them than its period and area.

    Parameters
    ----------
    case : Case
    start, end : datetime64
        Which time the fields have to cover, UTC.
    wanted : tuple of float
        Where the oil is known to be: west, south, east, north. [degrees]
    area : tuple of float
        How far it can get; fields that end before cut it down. [degrees]

    Returns
    -------
    forcing : simulator.Forcing
    coverage : tuple of catalog.Coverage or catalog.Parametrised
        What each product covers, and which share of the area it serves where there are several.

    Raises
    ------
    CatalogError, SimulatorError
    """
    read: dict[str, list[_Product]] = {
        role: _products(case, role, (start, end), wanted, area) for role in _ROLES
    }
    stokes = _stokes_drift(case, read)
    absent = _absent(case, read, stokes)
    read = _without_unused(read, stokes)
    cut: dict[str, list[xr.Dataset]] = {}
    reports: list[tuple[str, int, catalog.Coverage]] = []
    for role, products in read.items():
        cut[role] = []
        for number, product in enumerate(products):
            data, found = _cut(case, product, start, end)
            cut[role].append(data)
            reports += [(role, number, report) for report in found]
    moving = {role: cut[role] or [_still(cut, role, start, end)] for role in ("currents", "winds")}
    forcing = simulator.Forcing.from_datasets(
        moving["currents"],
        moving["winds"],
        cut["waves"] or None,
        cut["temperature"] or None,
        start=start,
        stokes_drift=stokes,
        numbering=_numbering(read, stokes, wanted),
    )
    ends = _ends({role: cut[role] for role in _moving(cut, stokes)}, area)
    coverage = [
        _with_share(report, role, number, forcing).remarked(ends.get(role, ()))
        for role, number, report in reports
    ]
    return forcing, (*coverage, *absent)


def note_faults_of_forcing(
    case: Case,
    start: np.datetime64,
    end: np.datetime64,
    wanted: Box,
    area: Box,
    roles: Collection[catalog.RoleName],
    faults: Faults,
) -> list[catalog.Coverage]:
    """Note why the fields of a run cannot be read: all that is wrong, and not only the first.

    Parameters
    ----------
    case, start, end, wanted, area
        As for `read_forcing`.
    roles : collection of {"currents", "winds", "waves", "temperature"}
        Those to look at.
    faults : Faults
        Takes what is wrong, by the keys of the case.

    Returns
    -------
    list of catalog.Coverage
        What those that can be read cover, with all their gaps.
    """
    before = len(faults.found)
    read: dict[str, list[_Product]] = {name: [] for name in _ROLES}
    for role in roles:
        with faults.of(f"forcing.{role}"):
            read[role] = _products(case, role, (start, end), wanted, area)
    if len(faults.found) == before and {*roles} == {*_ROLES}:
        with faults.of("forcing.stokes_drift"):
            read = _without_unused(read, _stokes_drift(case, read))
    covers = []
    for name, products in read.items():
        for product in products:
            try:
                covers += _cut(case, product, start, end)[1]
            except FAULTS as error:
                faults.found.append((f"forcing.{name}", error))
                with suppress(*FAULTS):  # without asking for what it does not have
                    _, found = _cut(case, replace(product, is_last=False), start, end)
                    covers += [replace(report, action=_refused(report)) for report in found]
    return covers


def _refused(report: catalog.Coverage) -> str:
    gaps = (" to ".join(f"{np.datetime_as_string(t, 'm')}Z" for t in gap) for gap in report.gaps)
    return f"no data for {', '.join(gaps)}: refused"


def with_holes(
    coverage: Sequence[Report], forcing: simulator.Forcing, particles: simulator.Particles
) -> tuple[Report, ...]:
    """Say for how much of a release the data have no value of what moves it.

    Parameters
    ----------
    coverage : sequence of catalog.Coverage or catalog.Parametrised
    forcing : simulator.Forcing
    particles : simulator.Particles
        As they are released.
    """
    if not particles.size:
        return tuple(coverage)
    support = forcing.support_at(particles.longitude, particles.latitude)
    said = {}
    for role, name in _FIELD_OF.items():
        at_places = support.get("Stokes drift" if name == "stokes" else name)
        if at_places is not None:
            share = particles.mass @ at_places / particles.mass.sum()
            for component in _COMPONENTS[role]:
                said[component] = _of_holes(name, share)
    return tuple(
        report.remarked(said.get(report.variable, ()))
        if isinstance(report, catalog.Coverage)
        else report
        for report in coverage
    )


def _of_holes(name: str, share: NDArray[np.float64]) -> list[str]:
    nearest, nothing = share[simulator.NEAREST], share[simulator.NOTHING]
    instead = "the wind alone moves it" if name == "current" else "0 is taken"
    remarks = []
    if nearest > 0.0:
        away = "" if name == "wind" else f", up to {simulator.FILL_REACH} nodes away"
        remarks.append(f"no value at {_share(nearest)} of the release: the nearest is taken{away}")
    if nothing > 0.0:
        remarks.append(
            f"no value at {_share(nothing)} of the release, nor within {simulator.FILL_REACH} "
            f"nodes: {instead}"
        )
    return remarks


def _share(part: float) -> str:
    """Write a share of the release, over the times of the run."""
    return f"{max(part, 0.001):.1%}" if part < 0.1 else f"{part:.0%}"


def first_time(case: Case) -> np.datetime64:
    """Return from when on all the fields that a case needs can be had."""
    firsts = []
    for role in ("currents", "winds"):
        for product in case.forcing.products(role)[-1:]:
            with _open(case, product, role) as files:
                firsts.append(files.times[0])
    latest: np.datetime64 = max(firsts)
    return latest


def _open(case: Case, product: FieldFiles, role: catalog.RoleName) -> catalog.ForcingFiles:
    assert product.zeros is not None  # that of the case where it has none of its own
    paths = case.paths(product.files)
    return catalog.ForcingFiles(paths, role, zeros=product.zeros, means=product.means)


def _products(
    case: Case,
    role: catalog.RoleName,
    period: tuple[np.datetime64, np.datetime64],
    wanted: Box,
    area: Box,
) -> list[_Product]:
    """Read what the products of a role have of a run; the last one has to have what it needs."""
    given = case.forcing.products(role)
    products: list[_Product] = []
    unused: list[str] = []
    for number, product in enumerate(given):
        is_last = number == len(given) - 1
        with _open(case, product, role) as files:
            axes = xr.Dataset(coords={"latitude": files.latitude, "longitude": files.longitude})
            box = _within(area, axes, wanted) if is_last else _shared(area, axes)
            try:
                data = None if box is None else files.read(box=box, period=period)
            except catalog.CoverageError:
                if is_last:
                    raise
                data = None
        if box is None or data is None:
            unused.append(f"nothing of {product.files} in the area of the run: not used")
        else:
            products.append(_Product(data, axes, box, is_last, tuple(unused)))
            unused = []
    return products


def _cut(
    case: Case, product: _Product, start: np.datetime64, end: np.datetime64
) -> tuple[xr.Dataset, list[catalog.Coverage]]:
    cut, found = catalog.prepare_forcing(
        product.data,
        start=start,
        end=end,
        box=product.box,
        gap_policy=case.forcing.gap_policy if product.is_last else "next",
    )
    return cut, [report.remarked(product.remarks) for report in found]


def _still(
    cut: Mapping[str, Sequence[xr.Dataset]], role: str, start: np.datetime64, end: np.datetime64
) -> xr.Dataset:
    """Return a field that is 0 all the time, where the other of currents and winds is given."""
    (other,) = {"currents", "winds"} - {role}
    axes = simulator.joined_axes(cut[other])
    longitude, latitude = axes["longitude"].to_numpy(), axes["latitude"].to_numpy()
    zero = np.zeros((2, latitude.size, longitude.size), np.float32)
    return xr.Dataset(
        dict.fromkeys(_COMPONENTS[role], (("time", "latitude", "longitude"), zero)),
        coords={"time": [start, end], "latitude": latitude, "longitude": longitude},
    )


def _with_share(
    report: catalog.Coverage, role: str, number: int, forcing: simulator.Forcing
) -> catalog.Coverage:
    """Say which share of the area one of several products serves."""
    series = getattr(forcing, _FIELD_OF.get(role, ""), None)
    if series is None or report.variable not in _COMPONENTS[role] or not series.shares:
        return report
    return report.remarked([f"serves {series.shares[number]:.0%} of the area of the run"])


def _moving(given: Mapping[str, Sequence[object]], stokes: str) -> list[str]:
    """Return the roles that move oil and are given."""
    used = ("currents", "winds", *(("waves",) if stokes == "field" else ()))
    return [role for role in used if given[role]]


def _ends(cut: Mapping[str, Sequence[xr.Dataset]], area: Box) -> dict[str, list[str]]:
    """Say which role ends the area of a run on a side, within the reach of the oil, before others.

    Oil that leaves the area is lost, though the others could have moved it on.
    """
    if len(cut) < 2:
        return {}
    axes = {role: simulator.joined_axes(several) for role, several in cut.items()}
    middle, sides = 0.5 * (area[0] + area[2]), defaultdict(list)
    for limit, (side, axis, last, sign) in zip(area, _SIDES, strict=True):
        nodes = {role: of[axis].to_numpy() for role, of in axes.items()}
        if axis == "longitude":
            nodes = {role: turn_longitudes(of, middle)[0] for role, of in nodes.items()}
        outermost = {role: sign * float(of[last]) for role, of in nodes.items()}
        first, *_, farthest = sorted(outermost, key=outermost.__getitem__)
        beyond = min(outermost[farthest], sign * limit) - outermost[first]
        if beyond > float(np.median(np.diff(nodes[first]))):
            sides[first, farthest].append(f"the {side} at {sign * outermost[first]:.2f} degrees")
    said = defaultdict(list)
    for (first, farthest), where in sides.items():
        said[first].append(
            f"ends before the {farthest}, and the area with it: in {', '.join(where)}"
        )
    return said


def _stokes_drift(case: Case, read: Mapping[str, Sequence[_Product]]) -> str:
    """Return where the Stokes drift comes from, see `simulator.Forcing.from_datasets`."""
    currents, waves = ([product.data for product in read[role]] for role in ("currents", "waves"))
    return simulator.choose_stokes_drift(currents, waves, case.forcing.stokes_drift)


def _absent(
    case: Case, read: Mapping[str, Sequence[_Product]], stokes: str
) -> list[catalog.Parametrised]:
    """Say what is not given, or not used, and what stands in for it."""
    given = {name for products in read.values() for p in products for name in p.data.data_vars}
    celsius = case.model.water_temperature_celsius
    from_wind = "not given; parametrised from the wind (fully developed sea)"
    stand_ins = {
        simulator.TEMPERATURE: (
            f"not given; {celsius:g} degrees Celsius everywhere (model.water_temperature_celsius)"
        ),
        simulator.WAVE_HEIGHT: from_wind,
        simulator.WAVE_PERIOD: from_wind,
    }
    absent = [catalog.Parametrised(*_WITHOUT[role]) for role in _WITHOUT if not read[role]]
    absent += [catalog.Parametrised(k, v) for k, v in stand_ins.items() if k not in given]
    if stokes != "field":
        found = "not used" if given.issuperset(simulator.STOKES) else "not given"
        how = {
            "wind": f"parametrised from the wind (JONSWAP, {simulator.FETCH / 1e3:g} km of fetch)",
            "none": "none (forcing.stokes_drift)",
        }[stokes]
        if any(simulator.includes_stokes_drift(product.data) for product in read["currents"]):
            how = "already in the currents"
        absent.append(catalog.Parametrised("sea_surface_wave_stokes_drift", f"{found}; {how}"))
    return absent


def _without_unused(
    read: Mapping[str, Sequence[_Product]], stokes: str
) -> dict[str, list[_Product]]:
    """Leave out what a run does not use, so that its gaps do not matter."""
    unused = {
        "currents": (simulator.TEMPERATURE,) if read["temperature"] else (),
        "waves": () if stokes == "field" else simulator.STOKES,
    }
    used = {
        role: [
            replace(product, data=product.data.drop_vars(unused.get(role, ()), errors="ignore"))
            for product in products
        ]
        for role, products in read.items()
    }
    return {role: [p for p in products if p.data.data_vars] for role, products in used.items()}


def _numbering(read: Mapping[str, Sequence[_Product]], stokes: str, wanted: Box) -> simulator.Grid:
    """Return the grid of the whole files, so that a run does not depend on how they are cut."""
    middle = 0.5 * (wanted[0] + wanted[2])
    turned = []
    for role in _moving(read, stokes):
        of_role = []
        for product in read[role]:
            # each data set by itself may count from another side of the dateline
            longitude, _ = turn_longitudes(product.axes["longitude"].to_numpy(), middle)
            latitude = product.axes["latitude"].to_numpy()
            of_role.append(xr.Dataset(coords={"longitude": longitude, "latitude": latitude}))
        turned.append(simulator.joined_axes(of_role))
    return _close_near_the_pole(simulator.common_grid(turned), wanted)


def _close_near_the_pole(numbering: simulator.Grid, wanted: Box) -> simulator.Grid:
    """Put rows between those of a grid near the pole.

    Drift in columns a second is linear between rows, while the width of a column falls to nothing:
    a degree from the pole rows 0.25 degrees apart make it wrong by a hundredth.
    """
    if max(-wanted[1], wanted[3]) < _NEAR_POLE_DEG:
        return numbering
    parts = math.ceil(numbering.dlat / _CLOSE_ROWS_DEG - 1e-6)
    return replace(numbering, dlat=numbering.dlat / parts, rows=(numbering.rows - 1) * parts + 1)


def _within(area: Box, data: xr.Dataset, wanted: Box) -> Box:
    """Cut the area to what a field has, but never below what the releases need."""
    middle = 0.5 * (wanted[0] + wanted[2])
    lon, lat = turn_longitudes(data["longitude"].values, middle)[0], data["latitude"].values
    return (
        min(max(area[0], float(lon[0])), wanted[0]),
        min(max(area[1], float(lat[0])), wanted[1]),
        max(min(area[2], float(lon[-1])), wanted[2]),
        max(min(area[3], float(lat[-1])), wanted[3]),
    )


def _shared(area: Box, data: xr.Dataset) -> Box | None:
    """Return what a field has of the area; None where that is nothing."""
    longitude, _ = turn_longitudes(data["longitude"].to_numpy(), 0.5 * (area[0] + area[2]))
    latitude = data["latitude"].to_numpy()
    west, south = max(area[0], float(longitude[0])), max(area[1], float(latitude[0]))
    east, north = min(area[2], float(longitude[-1])), min(area[3], float(latitude[-1]))
    return (west, south, east, north) if west < east and south < north else None
