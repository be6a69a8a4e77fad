"""The formats that findings are written in, by their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from witoil.files import replacing, write_json
from witoil.plugins.envelope import Envelope, Grid
from witoil.plugins.errors import PluginError
from witoil.plugins.formats.biigle import write_biigle
from witoil.plugins.formats.coco import write_coco
from witoil.plugins.formats.label_studio import write_label_studio
from witoil.plugins.formats.scenes import Scene, Written, scene_of
from witoil.plugins.formats.tables import write_csv, write_darwin_core, write_ecotaxa
from witoil.plugins.formats.voc import write_voc
from witoil.plugins.formats.yolo import write_yolo

Writer = Callable[[Sequence[Envelope], Path], Written]
"""Writes envelopes into a folder."""

AnnotationWriter = Callable[[Sequence[Scene], Path], Written]
"""Writes scenes into a folder."""


def write_envelopes(found: Sequence[Envelope], folder: Path) -> Written:
    """Write the envelope of each file, ``NAME.json``."""
    names: list[str] = []
    for envelope in found:
        name = _untaken(envelope.file, ".json", names)
        write_json(folder / name, envelope.document())
        names.append(name)
    return Written(names)


def write_geojson(found: Sequence[Envelope], folder: Path) -> Written:
    """Write all that is on the map, ``features.geojson`` (RFC 7946)."""
    features = [it for envelope in found for it in envelope.document()["features"]]
    placed = [feature for feature in features if feature["geometry"] is not None]
    left = len(features) - len(placed)
    remarks = [f"GeoJSON: {left} that are not on the map were left out"] if left else []
    if not placed:
        return Written([], remarks)
    write_json(folder / "features.geojson", {"type": "FeatureCollection", "features": placed})
    return Written(["features.geojson"], remarks)


def write_rasters(found: Sequence[Envelope], folder: Path) -> Written:
    """Write each raster as a GeoTIFF, ``NAME.classes.tif``; without a map where there is none."""
    names: list[str] = []
    for envelope in found:
        for raster in envelope.findings.rasters:
            name = _untaken(envelope.file, f".{raster.name}.tif", names)
            _write_raster(raster, folder / name)
            names.append(name)
    return Written(names)


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


def _untaken(file: str, suffix: str, names: Sequence[str]) -> str:
    number = 1
    while (name := f"{file}{'' if number == 1 else f'-{number}'}{suffix}") in names:
        number += 1
    return name


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

WRITERS: dict[str, Writer] = {
    "json": write_envelopes,
    "geojson": write_geojson,
    "geotiff": write_rasters,
    "csv": write_csv,
    "ecotaxa": write_ecotaxa,
    "darwin-core": write_darwin_core,
    **{name: _of_scenes(write) for name, write in ANNOTATIONS.items()},
}


def writer_named(name: str) -> Writer:
    """Return the writer of a format.

    Raises
    ------
    PluginError
        Where there is none.
    """
    if name not in WRITERS:
        raise PluginError(f"found the format {name!r}, expected one of {', '.join(WRITERS)}")
    return WRITERS[name]
