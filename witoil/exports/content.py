"""What of a run is exported: the same for every format."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr

from witoil.errors import WitoilError
from witoil.exports import outlines
from witoil.exports.layers import Layer, printable
from witoil.exports.particles import choose, layer_of
from witoil.runs.run import Run


@dataclass(frozen=True)
class Content:
    """What of a run is exported.

    Attributes
    ----------
    name : str
        Of the case, without characters that cannot be printed.
    model : str
        That made the run.
    particles : Dataset or None
        From `witoil.exports.particles.choose`.
    layers : list of Layer
        The particles first, where there are any; none is empty.
    remarks : tuple of str
        What was left out.
    """

    name: str
    model: str
    particles: xr.Dataset | None
    layers: list[Layer]
    remarks: tuple[str, ...] = ()

    @classmethod
    def of_run(cls, run: Run, *, time: np.datetime64 | None = None, every: int = 1) -> Content:
        """Read what a run holds.

        Raises
        ------
        WitoilError, CatalogError
        """
        particles, (layers, dropped) = None, outlines.layers_of(run, time)
        if run.particles is not None:
            particles = choose(run.particles, time=time, every=every)
            layers = [layer_of(particles), *layers]
        held = [layer for layer in layers if layer.size]
        remarks = [f"{', '.join(dropped)}: left out, as not of the time asked for"] * bool(dropped)
        return cls(printable(run.name), run.model, particles, held, tuple(remarks))

    @property
    def step(self) -> np.timedelta64 | None:
        """Usual time between the outputs; None of a single one."""
        if self.particles is None or self.particles.sizes["time"] < 2:
            return None
        steps = np.diff(self.particles["time"].values)
        step: np.timedelta64 = np.sort(steps)[steps.size // 2].astype("m8[s]")
        return step

    def only_particles(self) -> Content:
        """Return the particles alone, for a format that holds nothing else.

        Raises
        ------
        WitoilError
            Where the run has none.
        """
        expected = "a format that holds areas and lines: kmz, gpkg, shp, csv or geojson"
        others = ", ".join(layer.name for layer in self.layers if layer.name != "particles")
        if self.particles is None:
            raise WitoilError(
                f"found no particles in the run, but {others or 'rasters'}; expected {expected}"
            )
        kept = [layer for layer in self.layers if layer.name == "particles"]
        remarks = [f"{others}: left out; for these take {expected}"] * bool(others)
        return replace(self, layers=kept, remarks=(*self.remarks, *remarks))


def file_of(path: Path, layers: list[Layer], layer: Layer) -> Path:
    """Return the file of a layer, where each has one: the first has the name that was asked for."""
    if layer is layers[0]:
        return path
    return path.with_name(f"{path.stem}_{layer.name}{path.suffix}")
