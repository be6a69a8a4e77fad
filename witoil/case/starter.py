"""The smallest case file that runs, with a line on each choice and on what else could be chosen."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from catalog import RoleName
from catalog.antimeridian import wrapped_box
from catalog.grid import Box
from catalog.slicks.bonn import BONN_THICKNESS_UM
from witoil.case import toml
from witoil.case.forcing import NONE

USUAL_DURATION = timedelta(hours=48)
"""Length of a run whose end nobody has chosen: as long as forecasts of the wind are good."""

USUAL_TONNES = 100.0
"""Mass of oil whose amount nobody knows. [t]"""

_REACH_M_S = 0.5
"""Speed that says for which area forcing is asked for: a current of 1 knot. [m s-1]"""

_METRES_PER_DEGREE = 111e3

_LEAST_DEG, _MOST_DEG = 0.5, 20.0
_NEAR_POLE_DEG, _ALL_ROUND_DEG = 89.0, 180.0

_PARAMETERS = """\
# What else a case can have, with its defaults (docs/case-file.md has every key):
#
# [model]
# particles = 30_000
# time_step_minutes = 15
# output_interval_minutes = 60
# water_temperature_celsius = 15 # where no file has it
# wind_drift_factor = 0.01 # share of the wind, beside the Stokes drift of the waves
#
# [[observation]] # a slick that was seen later: simulate scores against it, optimise fits to it
# geometry = "slick_seen_later.geojson"
# time = {later}
#
# [ensemble] # how likely oil is where, from many runs
# members = 50
"""


@dataclass(frozen=True)
class Beginning:
    """What a new case file starts from.

    Attributes
    ----------
    name : str
    start, end : datetime
        Of the run, UTC.
    box : tuple of float
        Around the oil at its start: west, south, east, north. [degrees]
    point : tuple of float or None
        Longitude and latitude of what leaks. [degrees] None: a slick was seen.
    slick : sequence of str
        Files of it; it was seen at the start.
    named_classes : bool
        Whether files or layers of the slick are named sheen and thick.
    mass_tonnes, rate_tonnes_per_hour : float or None
        Of the oil; neither: not known. [t], [t h-1]
    oil : str or float or None
        Name, or degrees API.
    forcing : mapping
        Role -> files, or "none".
    choices : mapping
        Key -> where its value comes from, in words.
    """

    name: str
    start: datetime
    end: datetime
    box: Box
    point: tuple[float, float] | None = None
    slick: Sequence[str] = ()
    named_classes: bool = False
    mass_tonnes: float | None = None
    rate_tonnes_per_hour: float | None = None
    oil: str | float | None = None
    forcing: Mapping[RoleName, Sequence[str]] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)


def text_of(beginning: Beginning, path: Path) -> str:
    """Return the text of a case file, commented, that will stand at a path.

    Raises
    ------
    CaseError
        Where no case file can hold one of its names.
    """
    return "\n".join([*_lines(beginning, path.resolve().parent), ""])


def how_to_fetch(
    role: RoleName, box: Box, start: datetime, end: datetime, folder: Path = Path()
) -> str:
    """Return the command that fetches forcing for oil that starts in a box, into `fetched`.

    Parameters
    ----------
    role : {"currents", "winds", "waves", "temperature"}
    box : tuple of float
        Around the oil: west, south, east, north. [degrees]
    start, end : datetime
        Of the run, UTC.
    folder : Path
        Of the case file, as seen from where the command is given.
    """
    west, south, east, north = _reached(box, end - start)
    out = shlex.quote(str(folder / fetched(role).parent))
    return (
        f"witoil catalog forcing get --role {role} --bbox={west:g},{south:g},{east:g},{north:g} "
        f"--time {toml.moment(start)}/{toml.moment(end)} --out {out}"
    )


def fetched(role: RoleName) -> Path:
    """Return the pattern of the files that `how_to_fetch` fetches, as seen from the case file."""
    return Path("forcing") / role / "*.nc"


def _lines(beginning: Beginning, folder: Path) -> Iterator[str]:
    yield "# A case for witoil. Try `witoil check` on it, then `witoil simulate`."
    yield f"name = {toml.value(beginning.name)}"
    yield ""
    yield f"[time] {toml.comment('UTC; ' + beginning.choices.get('time', 'as asked for'))}"
    yield f"start = {toml.moment(beginning.start)}"
    yield f"end = {toml.moment(beginning.end)}"
    yield ""
    yield from _forcing(beginning, folder)
    yield ""
    yield from _release(beginning, folder)
    yield ""
    yield from _oil(beginning)
    yield ""
    later = beginning.start + (beginning.end - beginning.start) / 2
    yield _PARAMETERS.format(later=toml.moment(later.replace(microsecond=0))).rstrip()


def _forcing(beginning: Beginning, folder: Path) -> Iterator[str]:
    yield "[forcing] # NetCDF or Zarr: paths, patterns like wind_*.nc, or URLs"
    roles: dict[RoleName, str] = {
        "currents": 'of the sea surface; "none": the wind alone moves the oil',
        "winds": 'at 10 m; "none": calm',
    }
    west, _, east, _ = _reached(beginning.box, beginning.end - beginning.start)
    if east < west:
        yield "# The area lies across 180 degrees: files have to have both sides."
    for role, what in roles.items():
        if role in beginning.forcing:
            yield f"{role} = {_fields(beginning.forcing[role], folder)} # {what}"
        else:
            yield toml.comment(
                f"No {role} were given. Name files here, or fetch them, in this folder, by"
            )
            command = how_to_fetch(role, beginning.box, beginning.start, beginning.end)
            yield toml.comment(command)
            yield f"{role} = {toml.value(fetched(role).as_posix())} # {what}"
    optional: dict[RoleName, str] = {
        "waves": "Stokes drift, height, period; without them all three follow from the wind",
        "temperature": "of the sea surface; without it that of the currents' files, or [model]'s",
    }
    for role, what in optional.items():
        if role in beginning.forcing:
            yield f"{role} = {_fields(beginning.forcing[role], folder)} # {what}"
        else:
            yield f'# {role} = "{role}.nc" # {what}'
    yield '# gap_policy = "hold" # to keep the last value where a field is missing for a while'
    yield '# coastline = "osm" # or "gshhg", "none", or a polygon file of land'


def _fields(names: Sequence[str], folder: Path) -> str:
    return toml.value(NONE) if list(names) == [NONE] else _files(names, folder)


def _files(names: Sequence[str], folder: Path) -> str:
    paths = [toml.path_from(folder, name) for name in names]
    return toml.value(paths[0] if len(paths) == 1 else paths)


def _release(beginning: Beginning, folder: Path) -> Iterator[str]:
    if beginning.point is None:
        yield "[[release]] # a slick that was seen"
        yield 'kind = "area"'
        yield f"geometry = {_files(beginning.slick, folder)}"
        yield f"time = {toml.moment(beginning.start)} # when it was seen"
    else:
        yield "[[release]] # a place that leaks"
        yield 'kind = "point"'
        yield f"lon = {beginning.point[0]!r} # degrees east"
        yield f"lat = {beginning.point[1]!r} # degrees north"
    yield from _amount(beginning)
    yield "# More [[release]] tables may follow: slicks, points, lines, ships under way."


def _amount(beginning: Beginning) -> Iterator[str]:
    rate, mass = beginning.rate_tonnes_per_hour, beginning.mass_tonnes
    if rate is not None:
        yield f"rate_tonnes_per_hour = {rate!r} # from start to end; those of the run"
    elif mass is not None:
        yield f"mass_tonnes = {mass!r}{' # all at once' if beginning.point else ''}"
    elif beginning.point is not None:
        yield f"mass_tonnes = {USUAL_TONNES!r} # NOT KNOWN, a guess: all at once"
        yield "# rate_tonnes_per_hour = 10 # instead, for a leak that goes on"
    elif beginning.named_classes:
        yield 'thickness_class = "by-name" # its files say what is sheen and what is thick'
        yield "# mass_tonnes = 500 # instead, where it is known"
    else:
        yield 'thickness_class = "sheen" # how thick it is, is NOT KNOWN: by the Bonn code'
        most = BONN_THICKNESS_UM["sheen"][1]
        yield f'bonn_estimate = "maximum" # {most:g} m3 from a square kilometre'
        yield "# mass_tonnes = 500 # instead of both, where it is known"


def _oil(beginning: Beginning) -> Iterator[str]:
    yield "[oil] # `witoil oils` lists names; or api_gravity = 28"
    if isinstance(beginning.oil, float):
        yield f"api_gravity = {beginning.oil!r}"
    elif beginning.oil is not None:
        yield f"name = {toml.value(beginning.oil)}"
    else:
        yield 'name = "generic-medium-crude" # NOT KNOWN, a guess'


def _reached(box: Box, duration: timedelta) -> Box:
    """Widen a box by what oil covers, to tenths of a degree; east below west across 180."""
    west, south, east, north = box
    metres = _REACH_M_S * duration.total_seconds()
    lat = min(max(metres / _METRES_PER_DEGREE, _LEAST_DEG), _MOST_DEG)
    poleward = min(max(abs(south), abs(north)), _NEAR_POLE_DEG)
    lon = lat / math.cos(math.radians(poleward))
    south, north = max(_down(south - lat), -90.0), min(-_down(-north - lat), 90.0)
    if east - west + 2.0 * lon >= _ALL_ROUND_DEG:
        return -180.0, south, 180.0, north
    return wrapped_box((_down(west - lon), south, -_down(-east - lon), north))


def _down(degrees: float) -> float:
    return math.floor(10.0 * degrees) / 10.0
