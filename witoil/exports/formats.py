"""The formats, and the way from a run to a file of any of them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from witoil.errors import WitoilError
from witoil.exports.content import Content
from witoil.exports.outlines import ALL
from witoil.files import replacing_set
from witoil.runs.run import Run


@dataclass(frozen=True)
class Format:
    """A format of files.

    Attributes
    ----------
    module : str
        Of `witoil.exports`, with ``write(content, path)`` that returns remarks.
    suffix : str
        Of the file.
    companions : tuple of str
        Suffixes of what may lie beside the file under its name and belongs to it.
    of_layers : tuple of str
        Suffixes of what each further layer has beside the file.
    only_particles : bool
        Whether it holds nothing else.
    """

    module: str
    suffix: str
    companions: tuple[str, ...] = ()
    of_layers: tuple[str, ...] = ()
    only_particles: bool = False


# an index of an earlier one would hide features of this
_OF_SHAPEFILES = (
    *(".shx", ".dbf", ".prj", ".cpg", ".qml"),
    *(".qix", ".sbn", ".sbx", ".fix", ".shp.xml"),
)

FORMATS = {
    "kmz": Format("kmz", ".kmz"),
    "gpkg": Format(
        "geopackage",
        ".gpkg",
        # what SQLite would take for unfinished writes of this one
        (".qml", ".gpkg-wal", ".gpkg-shm", ".gpkg-journal"),
        of_layers=(".qml",),
    ),
    "shp": Format("shapefile", ".shp", _OF_SHAPEFILES, of_layers=(".shp", *_OF_SHAPEFILES)),
    "csv": Format("comma_separated", ".csv", of_layers=(".csv",)),
    "geojson": Format("geojson", ".geojson", of_layers=(".geojson",)),
    "covjson": Format("coverage_json", ".covjson", only_particles=True),
    "zarr": Format("zarr_store", ".zarr", only_particles=True),
}


def format_named(name: str) -> Format:
    """Return a format.

    Raises
    ------
    WitoilError
        Where there is none of that name.
    """
    if name not in FORMATS:
        raise WitoilError(f"--to: found {name!r}; expected one of {', '.join(FORMATS)}")
    return FORMATS[name]


def place_of(path: Path, form: Format, out: Path | None) -> Path:
    """Return the file to write: beside the run under its name, unless another is asked for.

    Raises
    ------
    WitoilError
        Where the name does not suit the format, or is that of a folder.
    """
    if out is None:
        run = path.resolve()
        out = run.with_name((run.name if run.is_dir() else run.stem) + form.suffix)
    if out.suffix.lower() != form.suffix:
        raise WitoilError(f"--out: found {out.name!r}; expected a name that ends in {form.suffix}")
    if out.is_dir():
        raise WitoilError(
            f"{out}: is a folder that exists; expected a new name, or that you remove it"
        )
    return out


def write(
    run: Run, name: str, out: Path, *, time: np.datetime64 | None = None, every: int = 1
) -> dict[str, Any]:
    """Write a run in a format.

    Parameters
    ----------
    run : Run
    name : str
        Of the format, a key of `FORMATS`.
    out : Path
        From `place_of`.
    time : datetime64, optional
        The one output to write. UTC
    every : int
        Write every so many outputs of the particles.

    Returns
    -------
    dict
        ``files`` (names of what was written), ``layers`` (name -> number of features) and
        ``remarks``.

    Raises
    ------
    WitoilError, CatalogError
        Where the run cannot be read or holds nothing of the kind; nothing is left half-written.
    """
    form = format_named(name)
    try:
        module = import_module(f"witoil.exports.{form.module}")
    except ModuleNotFoundError as error:
        raise WitoilError(
            f"{error.name} is not installed; expected it for --to {name}: "
            "pip install 'witoil[export]'"
        ) from None
    content = Content.of_run(run, time=time, every=every)
    if form.only_particles:
        content = content.only_particles()
    if not content.layers:
        raise WitoilError(
            f"{run.path}: holds no particles, areas or lines{'' if time is None else ' then'} to "
            "export; expected a run that left some"
        )
    with replacing_set(out, _names(out, form)) as folder:
        remarks = module.write(content, folder / out.name)
        files = sorted(made.name for made in folder.iterdir())
    layers = {layer.name: layer.size for layer in content.layers}
    return {"files": files, "layers": layers, "remarks": [*run.remarks, *content.remarks, *remarks]}


def _names(out: Path, form: Format) -> list[str]:
    """Return the names that files of an export may have, but for the first."""
    others = [f"{out.stem}_{outlines.name}" for outlines in ALL]
    of_layers = [f"{other}{suffix}" for other in others for suffix in form.of_layers]
    return [f"{out.stem}{suffix}" for suffix in form.companions] + of_layers
