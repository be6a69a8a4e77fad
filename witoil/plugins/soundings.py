"""Soundings from tables and from files of points."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from witoil.plugins.csv_tables import numbers, read_columns
from witoil.plugins.errors import PluginError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


_COLUMNS = ("lon", "lat", "depth_m")
_TEXTS = (".csv", ".tsv", ".txt")


def read_soundings(path: Path) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return where soundings are and how deep.

    Parameters
    ----------
    path : Path
        CSV with the columns ``lon``, ``lat`` and ``depth_m``, or points with ``depth_m`` in what
        geopandas reads.

    Returns
    -------
    tuple of numpy.ndarray
        Longitude and latitude, (n, 2) [degrees], and depths, (n,), positive downwards. [m]

    Raises
    ------
    PluginError
        Where the file is none, or has other columns or numbers.
    """
    import numpy as np

    texts = read_columns(path, _COLUMNS) if path.suffix.lower() in _TEXTS else _of_points(path)
    values = np.column_stack([numbers(path, name, texts[name]) for name in _COLUMNS])
    values = values[np.isfinite(values).all(axis=1)]
    if not len(values):
        raise PluginError(f"{path}: found no soundings, expected lon, lat and depth_m in each row")
    if (np.abs(values[:, 1]) > 90.0).any():
        raise PluginError(f"{path}: found latitudes beyond 90, expected lon and lat in degrees")
    if (values[:, 2] < 0.0).sum() > 0.5 * len(values):
        raise PluginError(f"{path}: found depths below 0, expected them positive downwards")
    return values[:, :2], values[:, 2]


def _of_points(path: Path) -> dict[str, list[str]]:
    import geopandas

    try:
        frame = geopandas.read_file(path)
        points = frame.to_crs("EPSG:4326").geometry
        found = {"lon": points.x, "lat": points.y, "depth_m": frame["depth_m"]}
        return {name: [str(value) for value in values] for name, values in found.items()}
    except KeyError:
        raise PluginError(f"{path}: found no depth_m, expected it of each point") from None
    except Exception as error:  # of pandas, pyogrio or GDAL, whatever they are called
        text = " ".join(str(error).split())
        raise PluginError(f"{path}: {text}; expected a table or points of soundings") from None
