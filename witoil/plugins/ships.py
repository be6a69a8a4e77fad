"""Tables of AIS, and labels of the distance of ships for recordings of sound."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from witoil.files import write_text
from witoil.plugins.csv_tables import numbers, read_columns
from witoil.plugins.errors import PluginError, told_by
from witoil.times import in_utc, second

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from aquatic.sound.ships import Nearest, Track

_NAMES = {
    "time": ("time", "timestamp", "basedatetime", "datetime"),
    "ship": ("mmsi",),
    "lon": ("lon", "longitude"),
    "lat": ("lat", "latitude"),
}
"""What a table of AIS has to have -> what it may be called."""

_COLUMNS = ("time", "distance_km", "class", "label", "mmsi", "left_out")
_MOST_LABELS = 1_000_000


def read_tracks(path: Path) -> tuple[dict[str, Track], datetime, list[str]]:
    """Return the tracks of ships.

    Parameters
    ----------
    path : Path
        CSV with a time (ISO 8601; UTC where it has no zone), ``mmsi``, longitude and latitude.

    Returns
    -------
    tuple
        MMSI -> track, whose seconds count from a time; that time; and what was left out.

    Raises
    ------
    PluginError
        Where the file is none, or a time or number is none.
    """
    import numpy as np
    import pandas as pd

    from aquatic.sound.ships import Track

    frame = pd.DataFrame(read_columns(path))
    columns = _columns(path, list(frame.columns))
    text = frame[columns["time"]]
    if text.str.fullmatch(r"[\d.]+").any():
        raise PluginError(
            f"{path}: {columns['time']}: found a number, expected times as 2021-08-24T03:43:00Z"
        )
    try:
        times = pd.to_datetime(text, utc=True, format="ISO8601")
    except ValueError as error:
        raise PluginError(f"{path}: {error}; expected times of ISO 8601") from None
    degrees = [numbers(path, columns[it], frame[columns[it]].tolist()) for it in ("lon", "lat")]
    lonlat: npt.NDArray[np.float64] = np.column_stack(degrees).astype(np.float64)
    # AIS sends 181 and 91 where a ship does not know its place
    known = (np.abs(lonlat[:, 0]) <= 180.0) & (np.abs(lonlat[:, 1]) <= 90.0)
    remarks = [f"{(~known).sum()} fixes without a place were left out"] * bool((~known).any())
    if not known.any():
        raise PluginError(f"{path}: found no fix with a place, expected some")
    epoch = times[known].min()
    seconds = (times - epoch).dt.total_seconds().to_numpy().astype(np.float64)
    tracks = {}
    for ship, rows in frame[known].groupby(columns["ship"]).groups.items():
        at = np.asarray(rows, dtype=np.int64)
        _, first = np.unique(seconds[at], return_index=True)
        tracks[str(ship)] = Track(seconds[at][first], lonlat[at][first])
    return tracks, epoch.to_pydatetime(), remarks


def _columns(path: Path, names: list[str]) -> dict[str, str]:
    found = {}
    for key, called in _NAMES.items():
        matching = [name for name in names if name.strip().lower() in called]
        if len(matching) != 1:
            raise PluginError(
                f"{path}: found {len(matching)} columns called {' or '.join(called)}, expected one"
            )
        found[key] = matching[0]
    return found


def label_distances(
    table: Path,
    station: tuple[float, float],
    start: datetime,
    end: datetime,
    path: Path,
    *,
    every_s: float = 10.0,
    most_gap_s: float = 300.0,
) -> dict[str, Any]:
    """Write how far the nearest ship was, a row for each clip; see `aquatic.sound.ships`.

    Parameters
    ----------
    table : Path
        See `read_tracks`.
    station : tuple of float
        Longitude and latitude of the hydrophone. [degrees]
    start, end : datetime
        Of the recording. The distance is that in the middle of each clip.
    path : Path
        CSV that is written.
    every_s : float
        Length of a clip. [s]
    most_gap_s : float
        Between two fixes of a ship, for its way to be known. [s]

    Returns
    -------
    dict
        ``labels`` -> how many, ``left_out`` -> how many, and ``remarks``.

    Raises
    ------
    PluginError
    """
    import numpy as np

    from aquatic.sound.ships import nearest_ships

    tracks, epoch, remarks = read_tracks(table)
    start, end = in_utc(start), in_utc(end)
    count = int((end - start).total_seconds() // every_s)
    if not 1 <= count <= _MOST_LABELS:
        raise PluginError(
            f"found {count} clips of {every_s:g} s from {second(start)} to {second(end)}, expected "
            f"1 to {_MOST_LABELS:,}"
        )
    middles = [start + timedelta(seconds=(k + 0.5) * every_s) for k in range(count)]
    since = np.array([(it - epoch).total_seconds() for it in middles])
    with told_by(table):
        found = nearest_ships(since, tracks, station, most_gap_s=most_gap_s)
    text = io.StringIO()
    rows = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    rows.writeheader()
    for k, nearest in enumerate(found):
        rows.writerow(_row(second(start + timedelta(seconds=k * every_s)), nearest))
    write_text(path, text.getvalue())
    used = [it.label for it in found if it.left_out is None]
    return {
        "labels": {label: used.count(label) for label in sorted(set(used))},
        "left_out": len(found) - len(used),
        "remarks": remarks,
    }


def _row(time: str, nearest: Nearest) -> Mapping[str, Any]:
    if nearest.left_out is not None:
        return {"time": time, "left_out": nearest.left_out}
    far = f"{nearest.distance_m / 1000.0:.3f}" if nearest.ship else ""
    return {
        "time": time,
        "distance_km": far,
        "class": nearest.class_index,
        "label": nearest.label,
        "mmsi": nearest.ship or "",
    }
