"""Forcing files in, one CF dataset out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import reduce
from types import TracebackType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from catalog.errors import CatalogError, CoverageError
from catalog.files.inputs import Input, unpacked
from catalog.forcing.blanks import Record, Zeros, looks_blank, without_blanks
from catalog.forcing.fields import Field
from catalog.forcing.means import INSTANTS, Meaning, are_starts, step_of
from catalog.forcing.names import QUANTITIES, ROLES, STOKES_INCLUDED, RoleName
from catalog.forcing.normalise import ForcingFile
from catalog.forcing.times import Times
from catalog.grid import TOLERANCE_DEG, Box, FloatArray, RegularGrid, Section, format_box
from catalog.paths import PathsLike, expand_inputs

Period = tuple[np.datetime64, np.datetime64]

Means = Literal["day", "instants"]

REMARKS = "remarks"
"""Attribute of a variable that says what was odd in its files and what was done about it."""

_DAY = np.timedelta64(1, "D")

_ASK = (
    "daily at 00:00, and nothing says whether these are means of the day: taken for instants; say "
    'means = "day" or means = "instants"'
)

_ASK_OF_ONE = (
    "a mean, and nothing says over what time: taken to stand in its middle; say "
    'means = "day" if it is that of the day'
)

_COMPARED = 48
"""Number of other times by which a record is told in which nothing was written."""

NOMINAL_STEP = "nominal_step"
"""Coordinate with the usual step after each time, by all that the files have. [timedelta64]"""

COVERED = "covered"
"""Coordinate that says which nodes the grid of a file reaches, on land or at sea."""

_DIMS = ("time", "latitude", "longitude")

_ALIKE = np.timedelta64(1, "m")
"""Steps that differ by less are equal: times in months or in single precision jitter."""

_REGULAR = 3
"""Where so many steps in a row are equal, these are the usual ones there."""


def open_forcing(
    paths: PathsLike,
    role: RoleName,
    *,
    box: Box | None = None,
    period: Period | None = None,
    zeros: Zeros = "auto",
    means: Means | None = None,
) -> xr.Dataset:
    """Read one kind of forcing from files of any common dialect.

    Parameters
    ----------
    paths : str, Path or sequence of them
        A path, a glob pattern, a URL or a list. The variables may be spread over several files;
        files may overlap in time, the later one in the list (or in sorted order) then wins.
    role : {"currents", "winds", "waves", "temperature"}
        What the files are for: `catalog.forcing.names.ROLES` says which variables that takes.
    box : tuple of float, optional
        West, south, east, north: read only this part and a node round it. [degrees]
    period : tuple of datetime64, optional
        First and last time wanted: read only from the last time with data at or before the first
        to the first one at or after the last. [UTC]
    zeros, means
        See `ForcingFiles`.

    Returns
    -------
    Dataset
        As `ForcingFiles.read` returns it.

    Raises
    ------
    UnreadableFileError
        If a file is missing, cut short or not NetCDF.
    CoverageError
        If the grid does not hold the box, or no value lies in it.
    CatalogError
        If a variable is missing, ambiguous, empty or implausible, or grids differ.
    """
    with ForcingFiles(paths, role, zeros=zeros, means=means) as files:
        return files.read(box=box, period=period)


class ForcingFiles:
    """The files of one kind of forcing, opened but not read; a context manager.

    Attributes
    ----------
    role : {"currents", "winds", "waves", "temperature"}
    names : frozenset of str
        Quantities that the files have.
    times : ndarray of datetime64[ns], shape (n,)
        Of what the role requires, rising; some may turn out to be blank.
    latitude, longitude : ndarray
        Axes of the whole grid, ascending. [degrees]
    """

    def __init__(
        self,
        paths: PathsLike,
        role: RoleName,
        *,
        zeros: Zeros = "auto",
        means: Means | None = None,
    ) -> None:
        """Open the files and see whether they belong together.

        Parameters
        ----------
        paths, role
            See `open_forcing`.
        zeros : {"auto", "data", "missing"}
            What exact zeros of a vector stand for, see `catalog.forcing.blanks.without_blanks`.
        means : {"day", "instants"}, optional
            What daily values at 00:00 are where the files do not say it. Default: instants, and
            the remarks ask.
        """
        self.role = role
        self._zeros = zeros
        self._asks: dict[str, str] = {}
        self._records: dict[tuple[int, int, tuple[str, ...]], Record] = {}
        self._stack = ExitStack()
        try:
            self._files = [
                self._stack.enter_context(ForcingFile(file, ROLES[role], path))
                for path in expand_inputs(paths)
                for file in self._wanted(path, role)
            ]
            self.names = frozenset(name for file in self._files for name in file.fields)
            self._settling = ROLES[role].settled_by(self.names)
            _refuse_missing(self._files, self._settling, role)
            _refuse_different_grids(self._files)
            for name in self.names:
                self._settle(name, means)
            self.times = self._common_times()
        except BaseException:
            self._stack.close()
            raise
        grid = next(field.grid for file in self._files for field in file.fields.values())
        self.latitude = grid.latitude
        self.longitude = grid.longitude

    def __enter__(self) -> ForcingFiles:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def step(self) -> np.timedelta64:
        """Median step of the times; NaT for a single one."""
        if self.times.size < 2:
            return np.timedelta64("NaT", "ns")
        step: np.timedelta64 = np.median(np.diff(self.times))
        return step

    def read(self, *, box: Box | None = None, period: Period | None = None) -> xr.Dataset:
        """Read a box and a period, and nothing else of what may be larger than memory.

        Parameters
        ----------
        box, period
            As for `open_forcing`.

        Returns
        -------
        Dataset
            Canonical CF names on (time, latitude, longitude), in memory: time datetime64[ns] and
            strictly increasing, latitude and longitude ascending, float32 in SI units, land and
            missing values NaN. Longitudes are within -180 to 180 unless the grid lies across the
            dateline. The coordinate `file_coordinate` names the file of each time of a variable.

        What was odd about a variable, and what was done, stands in its attribute `REMARKS`.

        Notes
        -----
        A time at which a component is NaN everywhere is blank and is left out: it becomes a gap,
        which `prepare_forcing` deals with. What exact zeros are says
        `catalog.forcing.blanks.without_blanks`. An optional variable is taken from its nearest
        time. Waves without Stokes drift will do: their height, or else their period, then says
        which times there are.
        """
        first = next(f.fields[n] for n in self._settling for f in self._files if n in f.fields)
        section = None if box is None else first.grid.section(box, first.where)
        margin = 0
        while True:
            span = self._widened(period, margin)
            whole = span == (self.times[0], self.times[-1])
            forcing = self._read_span(section, span)
            if whole or (period is not None and _reaches(forcing["time"].to_numpy(), period)):
                break
            # What lies next to the period is blank.
            margin = 4 * margin or 2
        if not forcing.sizes["time"]:
            where = "anywhere" + ("" if box is None else f" in {format_box(box)}")
            raise CoverageError(
                f"{', '.join(str(file.path) for file in self._files[:3])}: "
                f"{' and '.join(self._settling)} have no value {where}, all are missing"
                + (' or 0 (zeros = "missing")' if self._zeros == "missing" else "")
                + f"; check the files ({ROLES[self.role].without})"
            )
        return forcing

    def _wanted(self, path: Input, role: RoleName) -> list[Input]:
        """Return the files of a path: those of an archive that have something for the role."""
        files = unpacked(path, self._stack)
        if len(files) == 1:
            return files
        held: list[Input] = []
        for file in files:
            with ForcingFile(file, ROLES[role], path) as opened:
                held += [file] if opened.fields else []
        return held or files

    def _common_times(self) -> Times:
        """Return the times that everything required has."""
        times = [
            np.unique(np.concatenate([file.fields[name].times for file in holders]))
            for name in self._settling
            if (holders := [file for file in self._files if name in file.fields])
        ]
        common: Times = reduce(np.intersect1d, times)
        if not common.size:
            raise CatalogError(
                f"{self._files[0].path}: {' and '.join(self._settling)} have no time in common; "
                "expected both at the same times"
            )
        return common

    def _widened(self, period: Period | None, margin: int) -> Period:
        """Period from time to time of the files, with some more at both ends."""
        if period is None:
            return self.times[0], self.times[-1]
        return _outwards(self.times, period, margin)

    def _read_span(self, section: Section | None, span: Period) -> xr.Dataset:
        settling = self._settling
        joined = {name: self._join_times(name, section, span) for name in settling}
        times = reduce(np.intersect1d, (each.times for each in joined.values()))
        forcing, remarks = without_blanks(
            self._together({name: each.at(times) for name, each in joined.items()}),
            settling,
            self._zeros,
            self._looks_blank,
            lambda: max(file.missing_share(settling) for file in self._files),
        )
        written = [~np.isnan(forcing[name].to_numpy()).all(0) for name in settling]
        at_sea = np.any(written, axis=0)
        for name in ROLES[self.role].optional:
            if name in self.names and name not in settling and forcing.sizes["time"]:
                nearest = self._join_nearest(name, section, span).nearest_to(
                    forcing["time"].to_numpy()
                )
                values = np.where(at_sea, nearest.values, np.float32(np.nan))
                forcing[name] = (_DIMS, values, _attributes(name))
                forcing.coords[file_coordinate(name)] = ("time", nearest.paths)
        for held in forcing.data_vars:
            self._remark(forcing[held], remarks if held in settling else ())
        return forcing

    def _together(self, joined: Mapping[str, _Joined]) -> xr.Dataset:
        """Make variables that have all times in common one data set."""
        any_of = next(iter(joined.values()))
        coords: dict[str, Any] = {
            "time": any_of.times,
            "latitude": any_of.grid.latitude,
            "longitude": any_of.grid.longitude,
            NOMINAL_STEP: ("time", usual_steps(self.times)[np.isin(self.times, any_of.times)]),
        }
        coords |= {file_coordinate(name): ("time", each.paths) for name, each in joined.items()}
        if any_of.covered is not None:
            coords[COVERED] = (_DIMS[1:], any_of.covered)
        return xr.Dataset(
            {name: (_DIMS, each.values, _attributes(name)) for name, each in joined.items()},
            coords,
            {STOKES_INCLUDED: max(file.includes_stokes_drift for file in self._files)},
        )

    def _looks_blank(self, time: np.datetime64, names: Sequence[str]) -> bool:
        """Hold a time against those next to it, of whatever files."""
        times = [file.times(names) for file in self._files]
        distance = np.abs(np.concatenate(times) - time)
        holder = np.repeat(np.arange(len(times)), [each.size for each in times])
        number = np.concatenate([np.arange(each.size) for each in times])
        nearest = np.argsort(distance, kind="stable")[: _COMPARED + 1]
        # the last of equal times is the one that is read
        here = np.flatnonzero(distance == np.timedelta64(0))[-1]
        own, *others = (
            self._record(int(holder[k]), int(number[k]), tuple(names)) for k in (here, *nearest)
        )
        return looks_blank(own, others)

    def _record(self, file: int, number: int, names: tuple[str, ...]) -> Record:
        key = (file, number, names)
        if key not in self._records:
            self._records[key] = self._files[file].record(names, number)
        return self._records[key]

    def _remark(self, field: xr.DataArray, remarks: Sequence[str]) -> None:
        """Write into the attributes of a variable what was odd about it."""
        name = str(field.name)
        of_files = [r for f in self._files if name in f.fields for r in f.fields[name].remarks]
        asked = [self._asks[name]] if name in self._asks else []
        found = dict.fromkeys([*of_files, *asked, *remarks])
        if found:
            field.attrs[REMARKS] = "; ".join(found)

    def _settle(self, name: str, means: Means | None) -> None:
        """Settle what the values of a variable are, where its files do not say it one by one.

        Means over the step of files of a single time each: all the files know the step. Daily
        values at 00:00 of which nothing says what they are: the caller knows, or is asked.
        """
        holders = [file for file in self._files if name in file.fields]
        stamps = np.unique(np.concatenate([file.fields[name].placed.stamps for file in holders]))
        for file in holders:
            placed = file.fields[name].placed
            step = step_of(placed.stamps if placed.stamps.size > 1 else stamps)
            if placed.meaning.interval == "step":
                self._settle_means(file, name, step, means)
            elif not placed.meaning.said and step == _DAY and are_starts(placed.stamps, _DAY):
                if means is None:
                    self._asks[name] = _ASK
                else:
                    meaning = Meaning(_DAY) if means == "day" else INSTANTS
                    file.fields[name] = file.fields[name].settled(meaning)

    def _settle_means(
        self, file: ForcingFile, name: str, step: np.timedelta64 | None, means: Means | None
    ) -> None:
        """Put means over a step that their own file does not tell at its middle."""
        interval = _DAY if step is None and means == "day" else step
        if interval is not None:
            meaning = replace(file.fields[name].placed.meaning, interval=interval)
            file.fields[name] = file.fields[name].settled(meaning)
        elif means is None:
            self._asks[name] = _ASK_OF_ONE

    def _join_nearest(self, name: str, section: Section | None, span: Period) -> _Joined:
        """Chain one variable from the time before a span to the one after it that have values.

        As many more times at both ends are read as it takes to find one: daily means may stand
        among hourly times, of which most are then blank.
        """
        holders = [file for file in self._files if name in file.fields]
        times = np.unique(np.concatenate([file.fields[name].times for file in holders]))
        margin = 0
        while True:
            wider = _outwards(times, span, margin)
            joined = self._join_times(name, section, wider)
            if joined.times.size:
                return joined
            if wider == (times[0], times[-1]):
                raise CatalogError(
                    f"{holders[0].path}: {name} has no value anywhere; get the file again"
                )
            margin = 4 * margin or 2

    def _join_times(self, name: str, section: Section | None, span: Period) -> _Joined:
        """Chain one variable of all files along time, sorted, the last of equal times kept."""
        holders = [file for file in self._files if name in file.fields]
        parts, moments, paths = [], [], []
        for file in holders:
            own = file.fields[name].times
            records = np.flatnonzero((own >= span[0]) & (own <= span[1]))
            if not records.size and file is not holders[0]:  # which says how the others lie
                continue
            parts.append(file.read(name, records, section))
            moments.append(own[records])
            paths.append(np.full(records.size, str(file.path)))
        values = np.concatenate([part.values for part in parts])
        times = np.concatenate(moments)
        filled = np.flatnonzero(~np.isnan(values).all((1, 2)))[::-1]
        # The last of equal times is the first of them in reverse.
        last = filled[np.unique(times[filled], return_index=True)[1]]
        joined = _Joined(times, values, np.concatenate(paths), parts[0].grid, parts[0].covered)
        return joined.records(last)


@dataclass(frozen=True)
class _Joined:
    """One variable of all files, chained along time.

    Attributes
    ----------
    times : ndarray of datetime64, shape (n,)
    values : ndarray of float32, shape (n, latitudes, longitudes)
    paths : ndarray of str, shape (n,)
        Which file each time is from.
    grid : RegularGrid
    covered : ndarray of bool, shape (latitudes, longitudes), or None
        See `COVERED`.
    """

    times: Times
    values: npt.NDArray[np.float32]
    paths: npt.NDArray[np.str_]
    grid: RegularGrid
    covered: npt.NDArray[np.bool_] | None

    def records(self, chosen: npt.NDArray[np.intp]) -> _Joined:
        """Return some of the times, by their numbers."""
        return replace(
            self,
            times=self.times[chosen],
            values=self.values[chosen],
            paths=self.paths[chosen],
        )

    def at(self, times: Times) -> _Joined:
        """Return some of the times, rising as all of them do."""
        return self if times.size == self.times.size else self.records(self._first_from(times))

    def nearest_to(self, times: Times) -> _Joined:
        """Return the nearest of the times to each of others, of two as near the later."""
        after = np.minimum(self._first_from(times), self.times.size - 1)
        before = np.maximum(after - 1, 0)
        is_before = np.abs(times - self.times[before]) < np.abs(self.times[after] - times)
        return self.records(np.where(is_before, before, after))

    def _first_from(self, times: Times) -> npt.NDArray[np.intp]:
        return np.searchsorted(self.times, times)


def _attributes(name: str) -> dict[str, str]:
    return {"standard_name": name, "units": QUANTITIES[name].units}


def file_coordinate(name: str) -> str:
    """Name of the coordinate that says which file each time of a variable is from."""
    return f"file_of_{name}"


def usual_steps(times: Times) -> npt.NDArray[np.timedelta64]:
    """Return the usual step after each of some times, NaT for a single one.

    That is the median step, but where steps are regular, and from there on: a forecast may be
    hourly at first and three-hourly later.

    Parameters
    ----------
    times : ndarray of datetime64, shape (n,)
        Rising.

    Returns
    -------
    ndarray of timedelta64[ns], shape (n,)
    """
    steps = np.diff(times)
    if not steps.size:
        return np.full(times.size, np.timedelta64("NaT", "ns"))
    usual = np.full(times.size, np.median(steps), "timedelta64[ns]")
    changes = np.flatnonzero(np.abs(np.diff(steps)) > _ALIKE) + 1
    for run in np.split(np.arange(steps.size), changes):
        if run.size >= _REGULAR:
            usual[run[0] :] = steps[run[0]]
    return usual


def _reaches(times: Times, period: Period) -> bool:
    return bool(times.size and times[0] <= period[0] and times[-1] >= period[1])


def _outwards(times: Times, span: Period, margin: int) -> Period:
    """Widen a span to the times next to it, rising, and by some more at both ends."""
    first = int(np.searchsorted(times, span[0], side="right")) - 1 - margin
    last = int(np.searchsorted(times, span[1], side="left")) + margin
    end = times.size - 1
    return times[min(max(first, 0), end)], times[min(max(last, 0), end)]


def _refuse_missing(files: Sequence[ForcingFile], required: Sequence[str], role: str) -> None:
    """Every file has to bring something, and together they have to bring all that is required."""
    for file in files:
        if not file.fields:
            raise CatalogError(_describe_missing(file, required, role))
    absent = [name for name in required if not any(name in file.fields for file in files)]
    if absent:
        raise CatalogError(_describe_missing(files[0], absent, role))


def _describe_missing(file: ForcingFile, names: Sequence[str], role: str) -> str:
    return (
        f"{file.path}: no {' and no '.join(names)} for the {role} among the variables "
        f"{file.variables}; expected a variable with that standard_name or called for "
        f"example {QUANTITIES[names[0]].aliases[0]!r}"
    )


def _refuse_different_grids(files: Sequence[ForcingFile]) -> None:
    fields = [(file.path, field) for file in files for field in file.fields.values()]
    first_path, first = fields[0]
    for path, field in fields[1:]:
        axes = zip(_axes(first.grid), _axes(field.grid), strict=True)
        if not all(_agree(one, other) for one, other in axes):
            raise CatalogError(
                f"{path}: {_describe_grid(field)}, but {first_path} has {_describe_grid(first)}; "
                "files used together need the same grid"
            )


def _axes(grid: RegularGrid) -> tuple[FloatArray, FloatArray]:
    return grid.latitude, grid.longitude


def _agree(first: FloatArray, other: FloatArray) -> bool:
    return first.size == other.size and np.allclose(first, other, rtol=0.0, atol=TOLERANCE_DEG)


def _describe_grid(field: Field) -> str:
    rows, columns = field.grid.shape
    return f"{rows} x {columns} nodes over {format_box(field.grid.box)}"
