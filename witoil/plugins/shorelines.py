"""Shorelines of many scenes ─▶ a table of where each crosses transects, at one level of the sea."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aquatic.errors import AquaticError
from witoil.files import replacing
from witoil.plugins.csv_tables import numbers, read_columns
from witoil.plugins.errors import PluginError, told_by

if TYPE_CHECKING:
    import pandas as pd

    from aquatic.shoreline.transects import Transect

TIMES = "dates"
"""Column of the times in the table, as CoastSat calls it."""

_MOST_STRETCH = 0.002
"""Share by which lengths of a map may differ from those on the ground; in UTM it is 0.001."""

_TIME_KEYS = ("time", "date", "dates")
_LINES = ("LineString", "MultiLineString", "MultiPoint", "Point")


@dataclass
class ShorelineSeries:
    """Where shorelines cross transects.

    Attributes
    ----------
    table : pandas.DataFrame
        A row for each time (UTC), a column for each transect: distance from its start. [m]
    remarks : list of str
        What is missing, and why.
    """

    table: pd.DataFrame
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Beach:
    """What turns a level of the sea into a place on the beach.

    Attributes
    ----------
    tide : Path or None
        Table with the columns ``time`` (UTC) and ``level_m``. None: shorelines stay where they
        were seen.
    slope : float or None
        Of the beach face, where the file of transects has none.
    level_m : float
        That the shorelines are brought to, in the datum of the tide. [m]
    """

    tide: Path | None = None
    slope: float | None = None
    level_m: float = 0.0


def shoreline_series(
    shorelines: Sequence[Path], transects: Path, beach: Beach | None = None
) -> ShorelineSeries:
    """Return where shorelines cross transects.

    Parameters
    ----------
    shorelines : sequence of Path
        GeoJSON (or what geopandas reads) of lines or points with a time each, as `witoil predict`
        and CoastSat write them.
    transects : Path
        Lines from land to sea with a ``name``, and a ``slope`` where they have one.
    beach : Beach, optional

    Raises
    ------
    PluginError
        Where a file cannot be read or lacks what is needed.
    """
    import pandas as pd

    beach = beach or Beach()
    lines, slopes, crs, remarks = _transects(transects)
    seen = [row for path in shorelines for row in _shorelines(path, crs)]
    if not seen:
        raise PluginError("found no shorelines; expected lines with a time")
    table = _crossings(seen, lines)
    empty = int(table.isna().sum().sum())
    if empty:
        remarks.append(
            f"{empty} of {table.size} places are empty: no shoreline near the transect, or one "
            "that crosses it more than once"
        )
    if beach.tide is None:
        remarks.append("no tide: shorelines are where they were seen, at any level of the sea")
    else:
        known = table.notna().sum().sum()
        table = _levelled(table, beach, slopes)
        lost = int(known - table.notna().sum().sum())
        if all(time == time.normalize() for time in table.index):
            remarks.append(
                "all times are midnight, as those of dates without a clock: the tide is that of "
                "midnight"
            )
        if lost:
            remarks.append(f"{lost} places are empty since the tide has no level at their times")
    return ShorelineSeries(pd.DataFrame(table), remarks)


def write_series(series: ShorelineSeries, path: Path) -> None:
    """Write the table as CSV, to the millimetre."""
    with replacing(path) as temporary:
        series.table.to_csv(temporary, float_format="%.3f", index_label=TIMES)


def _crossings(seen: Sequence[tuple[Any, Any]], lines: Sequence[Transect]) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    from aquatic.shoreline.transects import crossing

    by_time: dict[Any, list[Any]] = {}
    for time, points in seen:
        by_time.setdefault(time, []).append(points)
    rows = {
        time: [crossing(np.concatenate(parts), line) for line in lines]
        for time, parts in sorted(by_time.items())
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=[it.name for it in lines])


def _levelled(table: pd.DataFrame, beach: Beach, slopes: dict[str, float | None]) -> pd.DataFrame:
    from aquatic.shoreline.transects import at_level, levels_at

    assert beach.tide is not None
    times, levels = _tide(beach.tide)
    with told_by(beach.tide):
        at_times = levels_at(_clock(table.index), times, levels)
    levelled = table.copy()
    for name in table.columns:
        slope = slopes[name] if slopes[name] is not None else beach.slope
        if slope is None:
            raise PluginError(
                f"transect {name}: found no slope, expected it in the file of transects, or "
                "--slope for all that have none"
            )
        try:
            levelled[name] = at_level(table[name].to_numpy(), at_times, slope, beach.level_m)
        except AquaticError as error:
            raise PluginError(f"transect {name}: {error}") from error
    return levelled


def _tide(path: Path) -> tuple[Any, Any]:
    """Return times (UTC) and levels of a table."""
    table = read_columns(path, ("time", "level_m"))
    try:
        times = _clock([_time(text) for text in table["time"]])
    except ValueError as error:
        raise PluginError(f"{path}: {error}; expected times") from None
    return times, numbers(path, "level_m", table["level_m"])


def _clock(times: Any) -> Any:
    """Return times as NumPy has them, UTC."""
    import pandas as pd

    return pd.DatetimeIndex(times).tz_localize(None).to_numpy()


def _transects(
    path: Path,
) -> tuple[list[Transect], dict[str, float | None], Any, list[str]]:
    """Return transects in metres, slopes by their names, their system, and what was odd."""
    from aquatic.shoreline.transects import Transect

    frame = _frame(path, "transects")
    if "name" not in frame.columns:
        raise PluginError(f"{path}: expected a name for each transect")
    for name, geometry in zip(frame["name"], frame.geometry, strict=True):
        if geometry is None or geometry.geom_type != "LineString" or geometry.is_empty:
            raise PluginError(f"{path}: {name}: found no line, expected one from land to sea")
    remarks = []
    if frame.crs.is_geographic:
        frame = frame.to_crs(_utm_of(frame))
    elif (factor := _stretch(frame)) != 1.0:
        remarks.append(
            f"a metre is {factor:.4g} in {frame.crs.name}: distances are those of UTM, in metres"
        )
        frame = frame.to_crs(_utm_of(frame))
    lines, slopes = [], {}
    for name, geometry, slope in zip(
        frame["name"],
        frame.geometry,
        frame["slope"] if "slope" in frame.columns else [None] * len(frame),
        strict=True,
    ):
        if str(name) in slopes:
            raise PluginError(f"{path}: found the transect {name} twice, expected each once")
        try:
            lines.append(Transect(str(name), geometry.coords[0][:2], geometry.coords[-1][:2]))
        except AquaticError as error:
            raise PluginError(f"{path}: {error}") from None
        slopes[str(name)] = _slope(slope, f"{path}: transect {name}")
    return lines, slopes, frame.crs, remarks


def _slope(value: Any, where: str) -> float | None:
    if value is None or value != value:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        raise PluginError(f"{where}: slope: found {value!r}, expected a number") from None


def _stretch(frame: Any) -> float:
    """Return how long a metre is on the map of lines; 1 where it is one as near as in UTM."""
    import numpy as np
    from pyproj import Geod

    geod = Geod(ellps="WGS84")
    metres = np.array([geod.geometry_length(it) for it in frame.to_crs("EPSG:4326").geometry])
    long = metres > 0.0
    factors = np.asarray(frame.geometry.length)[long] / metres[long]
    worst = float(factors[np.abs(factors - 1.0).argmax()]) if long.any() else 1.0
    return worst if abs(worst - 1.0) > _MOST_STRETCH else 1.0


def _utm_of(frame: Any) -> Any:
    """Return the system of the zone in which the first line starts, on whatever side of 180."""
    import geopandas
    import shapely

    start = shapely.Point(frame.geometry.iloc[0].coords[0][:2])
    return geopandas.GeoSeries([start], crs=frame.crs).estimate_utm_crs()


def _shorelines(path: Path, crs: Any) -> list[tuple[Any, Any]]:
    """Return the time and the points of each shoreline of a file, in the transects' system."""
    import shapely

    frame = _frame(path, "shorelines")
    key = next((it for it in _TIME_KEYS if it in frame.columns), None)
    if key is None:
        raise PluginError(f"{path}: expected a property time or date of each shoreline")
    frame = frame[frame.geometry.geom_type.isin(_LINES)].to_crs(crs)
    found = []
    for time, geometry in zip(frame[key], frame.geometry, strict=True):
        try:
            when = _time(time)
        except ValueError as error:
            raise PluginError(f"{path}: {key}: {error}") from None
        # a straight line of few corners has as many points as one of pixels
        found.append((when, shapely.get_coordinates(shapely.segmentize(geometry, 5.0))))
    return found


def _frame(path: Path, what: str) -> Any:
    import geopandas

    try:
        frame = geopandas.read_file(path)
    except Exception as error:  # of pyogrio or GDAL, whatever they are called
        text = " ".join(str(error).split())
        raise PluginError(f"{path}: {text}; expected a file of {what}") from None
    if not len(frame):
        raise PluginError(f"{path}: is empty, expected {what}")
    if frame.crs is None:
        raise PluginError(f"{path}: has no reference system, expected one for {what}")
    return frame


def _time(value: Any) -> Any:
    """Return a time in UTC; a clock without a zone is of UTC, a number is no time."""
    import pandas as pd

    if not isinstance(value, str | pd.Timestamp) or str(value).isdigit():
        raise ValueError(f"found {value!r}, expected a time like 2021-08-24T08:10:00Z")
    time = pd.Timestamp(value)
    if pd.isna(time):
        raise ValueError(f"found {value!r}, expected a time")
    return time.tz_localize("UTC") if time.tz is None else time.tz_convert("UTC")
