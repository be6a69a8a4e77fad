"""What data at hand, and data sets of services, cover of an area and a period."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from catalog.errors import CatalogError, CoverageError
from catalog.grid import Box
from web.errors import ContentError, QuotaError, TooLargeError
from web.faults import Fault

if TYPE_CHECKING:
    from catalog import Coverage, RoleName
    from catalog.forcing.files import ForcingFiles

MOST_VALUES = 50_000_000
"""More are not read within a request; a job looks at them as it runs."""

WAIT_SECONDS = 30.0
"""How long a request waits for others to look at files. [s]"""

_looking = threading.BoundedSemaphore(2)
"""So many look at once, each with the memory that it takes."""

log = logging.getLogger(__name__)

Spans = list[tuple[datetime, datetime]]


@dataclass(frozen=True)
class CoveredVariable:
    """What of the period a variable has.

    Attributes
    ----------
    name : str
        Of CF.
    covered, missing : list of (datetime, datetime)
        Spans of the period with data, from time to time without a gap, and without.
    step_hours : float or None
        Usual step; None of a single time. [h]
    missing_share : float
        Share of values that are missing, land included.
    remarks : tuple of str
        What was odd.
    """

    name: str
    covered: Spans
    missing: Spans
    step_hours: float | None
    missing_share: float
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class CoveredProduct:
    """What of an area and a period some files have.

    Attributes
    ----------
    variables : tuple of CoveredVariable
        None of an area that they do not hold.
    resolution_deg : float or None
        Of latitude. [degrees]
    remark : str
        Why there is nothing.
    """

    variables: tuple[CoveredVariable, ...]
    resolution_deg: float | None
    remark: str = ""

    @property
    def share(self) -> float:
        """Share of the period that the least covered variable has."""
        return min((_share(v.covered, v.missing) for v in self.variables), default=0.0)


def _share(covered: Spans, missing: Spans) -> float:
    seconds = [sum((b - a).total_seconds() for a, b in spans) for spans in (covered, missing)]
    return seconds[0] / sum(seconds) if sum(seconds) else float(bool(covered))


def look_at(
    files: Mapping[str, str], role: RoleName, box: Box, period: tuple[datetime, datetime]
) -> CoveredProduct:
    """Look what files have of an area and a period.

    Parameters
    ----------
    files : mapping
        Paths of one product, each with the name by which messages know it.
    role : {"currents", "winds", "waves", "temperature"}
    box : tuple of float
        West, south, east, north. [degrees]
    period : tuple of datetime
        UTC.

    Raises
    ------
    CatalogError
        If they are no forcing of the role; files are called as said.
    TooLargeError
        If it is too much to look at in a request.
    QuotaError
        If too many look at once.
    """
    from catalog.forcing.files import ForcingFiles

    with _a_place(), _by_names(files), ForcingFiles(list(files), role) as opened:
        resolution = float(np.median(np.diff(opened.latitude)))
        try:
            _refuse_much(opened, box, period)
            return CoveredProduct(tuple(_variables(opened, box, period)), resolution)
        except CoverageError as error:
            return CoveredProduct((), resolution, _named(str(error), files))


def _variables(
    files: ForcingFiles, box: Box, period: tuple[datetime, datetime]
) -> Iterator[CoveredVariable]:
    from catalog.forcing.gaps import prepare_forcing
    from witoil.times import datetime64

    start, end = map(datetime64, period)
    read = files.read(box=box, period=(start, end))
    _, reports = prepare_forcing(read, start=start, end=end, box=box, gap_policy="next")
    for report in reports:
        yield _variable(report, period)


def _variable(report: Coverage, period: tuple[datetime, datetime]) -> CoveredVariable:
    from witoil.times import to_datetime

    missing = [
        (max(to_datetime(first), period[0]), min(to_datetime(last), period[1]))
        for first, last in report.gaps
    ]
    return CoveredVariable(
        name=report.variable,
        covered=_rest(period, missing),
        missing=missing,
        step_hours=None if np.isnat(report.step) else float(report.step / np.timedelta64(1, "h")),
        missing_share=report.missing_share,
        remarks=report.remarks,
    )


def _rest(period: tuple[datetime, datetime], missing: Spans) -> Spans:
    """Return what of a period is left without some spans, which are in order."""
    ends = [period[0], *(end for span in missing for end in span), period[1]]
    pairs = zip(ends[::2], ends[1::2], strict=True)
    if period[0] == period[1]:
        return [] if missing else [period]
    return [(first, last) for first, last in pairs if first < last]


def _refuse_much(files: ForcingFiles, box: Box, period: tuple[datetime, datetime]) -> None:
    """Refuse to read more than a request should.

    Raises
    ------
    TooLargeError
    """
    from catalog.antimeridian import unbroken_box
    from witoil.times import datetime64

    west, south, east, north = unbroken_box(box)
    start, end = map(datetime64, period)
    step_lat, step_lon = (
        float(np.median(np.abs(np.diff(axis)))) for axis in (files.latitude, files.longitude)
    )
    rows = min(files.latitude.size, (north - south) / step_lat + 3)
    columns = min(files.longitude.size, (east - west) / step_lon + 3)
    times = int(np.count_nonzero((files.times >= start) & (files.times <= end))) + 2
    count = rows * columns * times * len(files.names)
    if count > MOST_VALUES:
        raise TooLargeError(
            f"found {count:.3g} values of {files.role} to look at, expected {MOST_VALUES:.3g} at "
            "most; ask for a smaller area or less time"
        )


@contextmanager
def _a_place() -> Iterator[None]:
    if not _looking.acquire(timeout=WAIT_SECONDS):
        raise QuotaError("too many look at forcing; try again in a moment")
    try:
        yield
    finally:
        _looking.release()


@contextmanager
def _by_names(files: Mapping[str, str]) -> Iterator[None]:
    """Have messages call files by their names."""
    try:
        yield
    except CoverageError:
        raise
    except CatalogError as error:
        raise CatalogError(_named(str(error), files)) from None


def _named(message: str, files: Mapping[str, str]) -> str:
    for file in sorted(files, key=len, reverse=True):
        message = message.replace(file, files[file])
    return message


def look_at_named(
    named: Sequence[str],
    files: Mapping[str, str],
    role: RoleName,
    box: Box,
    period: tuple[datetime, datetime],
) -> CoveredProduct:
    """Look at files that somebody has named for a role; see `look_at`.

    Raises
    ------
    ContentError
        If they are no forcing of the role.
    """
    try:
        return look_at(files, role, box, period)
    except CatalogError as error:
        fault = Fault(f"/forcing/{role}", f"forcing.{role}: {', '.join(named)}: {error}")
        raise ContentError([fault]) from None
