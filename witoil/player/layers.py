"""Fields on a grid as a page shows them, and the thickness of the oil of particles as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import simulator
from witoil.player.mercator import Box, MercatorGrid, box_of
from witoil.player.quantise import Logarithmic, Scale

_MOST = np.iinfo(np.uint8).max

FINEST_RATIO = 1.05
"""Thickness is kept to 2.5 %."""

_NEIGHBOURHOOD = 9
"""Oil of a cell is spread no farther. [cells]"""

BONN_UM = {
    0.04: "sheen, 0.04 to 0.3",
    0.3: "rainbow, 0.3 to 5",
    5.0: "metallic, 5 to 50",
    50.0: "patches of true colour, 50 to 200",
    200.0: "true colour, more than 200",
}
"""Least thickness -> what oil looks like from above, by the Bonn Agreement Oil Appearance Code.
[micrometre]"""


@dataclass(frozen=True)
class FieldLayer:
    """A field on a grid.

    Attributes
    ----------
    name, label, unit : str
    grid : MercatorGrid
    resolution : float
        Side of the cells in which the field was made, or of the coarser ones of `grid`. [m]
    numbers : ndarray of uint8 or uint16, shape (frames, rows, columns)
        0 is nothing. One frame for each time of the page, or one for all.
    scale : Linear, Logarithmic or None
        Of the numbers; None where they are classes and no values.
    classes : mapping
        Least number of a class -> its label, rising.
    digits : int
        That a value has.
    """

    name: str
    label: str
    unit: str
    grid: MercatorGrid
    resolution: float
    numbers: NDArray[np.uint8] | NDArray[np.uint16]
    scale: Scale | None
    classes: Mapping[int, str]
    digits: int = 3

    def as_dict(self) -> dict[str, Any]:
        """Return all but the numbers."""
        return {
            "name": self.name,
            "label": self.label,
            "unit": self.unit,
            "grid": self.grid.as_dict(),
            "shape": self.numbers.shape,
            "cellMetres": self.resolution,
            "scale": None if self.scale is None else self.scale.as_dict(),
            "digits": self.digits,
            "classes": [{"from": k, "label": label} for k, label in self.classes.items()],
        }


class Fields(NamedTuple):
    """What a run tells over time, other than by its particles.

    Attributes
    ----------
    times : ndarray of datetime64, shape (times,)
        Rising.
    layers : list of FieldLayer
    box : tuple of float
        Around what they show: west, south, east, north. [degrees]
    """

    times: NDArray[np.datetime64]
    layers: list[FieldLayer]
    box: Box


def thickness_layer(
    particles: xr.Dataset, resolution: float, density: float | None
) -> FieldLayer | None:
    """Return the oil that floats, smoothed as for the masks of a run; None where none does.

    Parameters
    ----------
    particles : Dataset
        With ``mass``.
    resolution : float
        Of the masks. [m]
    density : float or None
        Of the oil. [kg m-3] Where it is not known, the layer is mass per area.
    """
    afloat = (particles["status"].values == simulator.Status.AFLOAT).T
    lon, lat, mass = (particles[name].values.T for name in ("lon", "lat", "mass"))
    afloat &= np.isfinite(lon) & np.isfinite(lat) & np.isfinite(mass)
    if not afloat.any():
        return None
    box = box_of(lon[afloat], lat[afloat])
    grid = MercatorGrid.covering(box, resolution, _NEIGHBOURHOOD)
    column, row = grid.cells(lon, lat)
    frames = [
        _Frame.of(
            simulator.oil_thickness(
                column[k, there].astype(np.float64),
                row[k, there].astype(np.float64),
                mass[k, there].astype(np.float64),
                grid.shape,
                cell_area=1.0,
                density=1.0,
            ),
            grid,
            1e3 if density is None else 1e6 / density,
        )
        for k, there in enumerate(afloat)
    ]
    if density is None:
        bounds = {g: f"{g:g} and more" for g in (0.04, 0.4, 4.0, 40.0, 400.0)}
        return _logarithmic("thickness", "oil afloat", "g/m²", grid, frames, bounds)
    return _logarithmic("thickness", "thickness of the oil afloat", "µm", grid, frames, BONN_UM)


class _Frame(NamedTuple):
    """A field at one time where it is not 0: fields of all times and cells take gigabytes."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    values: NDArray[np.float64]

    @classmethod
    def of(cls, mass: NDArray[np.float64], grid: MercatorGrid, factor: float) -> _Frame:
        """Return the mass of each cell as a multiple of what there is on its area."""
        rows, columns = np.nonzero(mass)
        return cls(rows, columns, factor * (mass[rows, columns] / grid.areas[rows, 0]))


def _logarithmic(
    name: str,
    label: str,
    unit: str,
    grid: MercatorGrid,
    frames: Sequence[_Frame],
    bounds: Mapping[float, str],
) -> FieldLayer:
    """Return positive values as a layer; what is less than the first bound is not shown."""
    least = min(bounds)
    greatest = max(2.0 * least, *(float(frame.values.max(initial=0.0)) for frame in frames))
    ratio = max(FINEST_RATIO, (greatest / least) ** (1.0 / (_MOST - 1)))
    scale = Logarithmic(greatest, ratio, _MOST)
    powers = np.log(np.array([*bounds]) / greatest) / np.log(ratio)
    firsts = np.maximum(np.ceil(powers - 1e-9).astype(int) + _MOST, 1)
    classes = dict(zip(firsts.tolist(), bounds.values(), strict=True))
    numbers = np.zeros((len(frames), *grid.shape), np.uint8)
    for number, (rows, columns, values) in zip(numbers, frames, strict=True):
        shown = np.where(values >= least, values, 0.0)
        number[rows, columns] = scale.encode(shown, _MOST)
    return FieldLayer(name, label, unit, grid, grid.resolution, numbers, scale, classes, digits=2)
