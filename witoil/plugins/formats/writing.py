"""The formats that findings are written in, by their names."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from witoil.files import replacing, write_json
from witoil.plugins.envelope import Envelope, Grid
from witoil.plugins.errors import PluginError
from witoil.plugins.formats.biigle import write_biigle
from witoil.plugins.formats.coco import write_coco
from witoil.plugins.formats.label_studio import write_label_studio
from witoil.plugins.formats.layers import Results, write_geopackage, write_geoparquet
from witoil.plugins.formats.scenes import Scene, Written, scene_of
from witoil.plugins.formats.slicks import write_orbital_eos, write_stac
from witoil.plugins.formats.tables import write_csv, write_darwin_core, write_ecotaxa
from witoil.plugins.formats.voc import write_voc
from witoil.plugins.formats.yolo import write_yolo

Writer = Callable[[Sequence[Envelope], Path], Written]
"""Writes envelopes into a folder."""

FileWriter = Callable[[Envelope, Path, str], list[str]]
"""Writes one envelope into a folder, under names that begin with a stem, and returns them."""

TableWriter = Callable[[Results, Path], Written]
"""Writes all that became of a batch into a folder."""

AnnotationWriter = Callable[[Sequence[Scene], Path], Written]
"""Writes scenes into a folder."""


def write_envelope(envelope: Envelope, folder: Path, stem: str) -> list[str]:
    """Write an envelope, ``NAME.json``."""
    name = f"{stem}.json"
    write_json(folder / name, envelope.document())
    return [name]


def write_geojson(found: Sequence[Envelope], folder: Path) -> Written:
    """Write all that is on the map, ``features.geojson`` (RFC 7946)."""
    features = [it for envelope in found for it in envelope.document()["features"]]
    placed = [feature for feature in features if feature["geometry"] is not None]
    left = len(features) - len(placed)
    remarks = [f"GeoJSON: {left} that are not on the map were left out"] if left else []
    # also where it has none: what an earlier prediction has left is not that of this one
    write_json(folder / "features.geojson", {"type": "FeatureCollection", "features": placed})
    return Written(["features.geojson"], remarks)


def write_rasters(envelope: Envelope, folder: Path, stem: str) -> list[str]:
    """Write each raster as a GeoTIFF, ``NAME.classes.tif``; without a map where there is none."""
    rasters = {f"{stem}.{raster.name}.tif": raster for raster in envelope.findings.rasters}
    for name, raster in rasters.items():
        _write_raster(raster, folder / name)
    return [*rasters]


def _write_raster(raster: Grid, path: Path) -> None:
    import warnings

    import rasterio
    from rasterio.errors import NotGeoreferencedWarning

    height, width = raster.values.shape
    profile = {
        "driver": "GTiff",
        "height": height,
        "width": width,
        "count": 1,
        "dtype": raster.values.dtype,
        "nodata": raster.nodata,
        "compress": "deflate",
        "tiled": min(height, width) >= 512,
        "BIGTIFF": "IF_SAFER",
    }
    if raster.transform is not None:
        profile |= {"crs": raster.crs, "transform": rasterio.Affine(*raster.transform)}
    with replacing(path) as temporary, warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(temporary, "w", **profile) as dataset:
            for top in range(0, height, 512):
                rows = np.ascontiguousarray(raster.values[top : top + 512])
                dataset.write(rows, 1, window=((top, top + len(rows)), (0, width)))
            dataset.update_tags(1, units=raster.unit)
            dataset.update_tags(**{f"class_{k}": name for k, name in enumerate(raster.labels)})


def _of_scenes(write: AnnotationWriter) -> Writer:
    return lambda found, folder: write([scene_of(it) for it in found], folder)


ANNOTATIONS: dict[str, AnnotationWriter] = {
    "coco": write_coco,
    "yolo": write_yolo,
    "voc": write_voc,
    "label-studio": write_label_studio,
    "biigle": write_biigle,
}
"""Formats of annotations, which are read, too."""

FILE_WRITERS: dict[str, FileWriter] = {"json": write_envelope, "geotiff": write_rasters}
"""Formats with files for each input."""

WRITERS: dict[str, Writer] = {
    "geojson": write_geojson,
    "csv": write_csv,
    "ecotaxa": write_ecotaxa,
    "darwin-core": write_darwin_core,
    "orbital-eos": write_orbital_eos,
    "stac": write_stac,
    **{name: _of_scenes(write) for name, write in ANNOTATIONS.items()},
}
"""Formats with one set of files for all inputs."""


TABLE_WRITERS: dict[str, TableWriter] = {"gpkg": write_geopackage, "geoparquet": write_geoparquet}
"""Formats that have the files, too, those that failed with the reason."""

RESERVED = frozenset({"report", "features", "files", "results"})
"""Names of what is written for all files together, that none written for one of them may have."""


PACKAGES = {"geoparquet": "pyarrow"}
"""Format -> the package by which it is written, where that need not be installed."""


def refuse_missing(names: Sequence[str]) -> None:
    """Refuse formats whose package is not installed.

    Raises
    ------
    PluginError
    """
    for name in names:
        package = PACKAGES.get(name)
        if package is not None and importlib.util.find_spec(package) is None:
            raise PluginError(
                f"the format {name} is written by {package}, which is not installed; expected it: "
                "pip install 'witoil[export]', or another format"
            )


def refuse_unknown(names: Sequence[str]) -> None:
    """Refuse formats that there are not.

    Raises
    ------
    PluginError
    """
    known = (*FILE_WRITERS, *WRITERS, *TABLE_WRITERS)
    for name in names:
        if name not in known:
            raise PluginError(f"found the format {name!r}, expected one of {', '.join(known)}")
