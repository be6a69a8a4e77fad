"""Soundings from tables and from files of points."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from witoil.plugins.errors import PluginError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


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
    import pandas as pd

    frame = _table(path)
    missing = [name for name in ("lon", "lat", "depth_m") if name not in frame.columns]
    if missing:
        raise PluginError(
            f"{path}: found the columns {', '.join(map(str, frame.columns))}, expected lon, lat "
            "and depth_m"
        )
    try:
        columns = [pd.to_numeric(frame[name]) for name in ("lon", "lat", "depth_m")]
        values = np.column_stack([it.to_numpy(dtype=np.float64) for it in columns])
    except ValueError as error:
        raise PluginError(f"{path}: {error}; expected numbers") from None
    values = values[np.isfinite(values).all(axis=1)]
    if not len(values):
        raise PluginError(f"{path}: found no soundings, expected lon, lat and depth_m in each row")
    if (np.abs(values[:, 1]) > 90.0).any():
        raise PluginError(f"{path}: found latitudes beyond 90, expected lon and lat in degrees")
    if (values[:, 2] < 0.0).sum() > 0.5 * len(values):
        raise PluginError(f"{path}: found depths below 0, expected them positive downwards")
    return values[:, :2], values[:, 2]


def _table(path: Path) -> Any:
    import geopandas
    import pandas as pd

    try:
        if path.suffix.lower() == ".csv":
            return pd.read_csv(path)
        frame = geopandas.read_file(path)
        points = frame.to_crs("EPSG:4326").geometry
        return frame.assign(lon=points.x, lat=points.y)
    except Exception as error:  # of pandas, pyogrio or GDAL, whatever they are called
        text = " ".join(str(error).split())
        raise PluginError(f"{path}: {text}; expected a table or points of soundings") from None
