"""Zarr: the particles as arrays, in the layout of `particles.nc`."""

from __future__ import annotations

import shutil
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from witoil.exports.content import Content
from witoil.files import replacing
from witoil.times import second

_CHUNK = 4_000_000
"""Values in a chunk, at most."""


def write(content: Content, path: Path) -> list[str]:
    """Write the particles as a Zarr store, format 2, which all versions of the libraries read."""
    assert content.particles is not None
    particles = content.particles.drop_encoding()
    first = np.datetime_as_string(particles["time"].values[0], unit="s")
    encoding: dict[str, dict[str, Any]] = {
        "time": {"units": f"seconds since {first}", "calendar": "standard", "dtype": "float64"}
    }
    rows = max(1, _CHUNK // max(1, particles.sizes["time"]))
    for name, variable in particles.variables.items():
        if variable.ndim == 2:
            shape = (min(rows, variable.shape[0]), variable.shape[1])
            encoding[str(name)] = {"chunks": tuple(max(1, n) for n in shape)}
    document = particles.assign_attrs(
        {
            "Conventions": "CF-1.8",
            "featureType": "trajectory",
            "title": f"Drift of oil: {content.name}",
            **particles.attrs,
            "history": f"{second(np.datetime64('now'))} exported by witoil {version('witoil')}",
        }
    )
    document.to_zarr(path, mode="w-", zarr_format=2, consolidated=True, encoding=encoding)
    return []


def pack(store: Path) -> Path:
    """Put a Zarr store into one file beside it, a zip that libraries read as a store, too.

    Parameters
    ----------
    store : Path
        Folder of the store, which is removed at the end.

    Returns
    -------
    Path
        Its name with ``.zip`` behind it.

    Raises
    ------
    OutputError
        Where the zip cannot be written.
    """
    path = store.with_name(f"{store.name}.zip")
    with (
        replacing(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive,  # chunks are packed already
    ):
        for file in sorted(store.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(store).as_posix())
    shutil.rmtree(store)
    return path
