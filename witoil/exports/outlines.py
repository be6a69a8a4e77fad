"""Areas and lines that a run holds beside its particles, and their columns.

They are read from the files of the run, under short names that every format keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from rasterio.features import shapes
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from catalog.antimeridian import unbroken
from witoil.errors import WitoilError
from witoil.exports.layers import Batch, Column, Kind, Layer, in_parts, printable, to_seconds
from witoil.files import read_json
from witoil.runs.run import Run
from witoil.scenario.verification import transformed
from witoil.times import second

PROBABILITIES = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9)
"""Areas are drawn where oil is at least as likely as these."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Outlines:
    """Features of one kind, as they lie in the files of a run.

    Attributes
    ----------
    name, title : str
        Of the layer.
    geometry : str
    columns : mapping
        Key in the file -> column.
    """

    name: str
    title: str
    geometry: Literal["MultiLineString", "MultiPolygon"]
    columns: Mapping[str, Column]


_TIME = Column("time", "time", "UTC.", 20)
_AREA = Column("area_km2", "real", "Area [km²].")

SLICKS = Outlines(
    "slicks",
    "Simulated slicks",
    "MultiPolygon",
    {
        "time": _TIME,
        "area_km2": _AREA,
        "verified": Column(
            "verified", "whole", "1 where a slick was seen then, 0 beyond the last one."
        ),
    },
)
OBSERVED = Outlines(
    "observed",
    "Observed slicks",
    "MultiPolygon",
    {"time": _TIME, "name": Column("name", "text", "Name of its file.")},
)
COAST = Outlines(
    "coast",
    "Oiled coast at the end",
    "MultiLineString",
    {
        "lon": Column("lon", "real", "Longitude of the middle of the stretch [degrees]."),
        "lat": Column("lat", "real", "Latitude of it [degrees]."),
        "length_m": Column("length_m", "real", "Length of the stretch [m]."),
        "shore_type": Column("shore", "text", "Type of the shore.", 24),
        "first_oiled": Column("first_oil", "time", "First output with oil on it, UTC.", 20),
        "mass_kg": Column("mass_kg", "real", "Oil on it at the end [kg]."),
        "absorbed_kg": Column("absorb_kg", "real", "Of this, what the shore has absorbed [kg]."),
        "max_mass_kg": Column("max_kg", "real", "The most at any output [kg]."),
        "kg_per_km": Column("kg_per_km", "real", "`mass_kg` by its length [kg km⁻¹]."),
    },
)
_ALIKE = ("lon", "lat", "length_m", "shore_type")
ENSEMBLE_COAST = Outlines(
    "coast",
    "Coast that may be oiled",
    "MultiLineString",
    {
        **{key: COAST.columns[key] for key in _ALIKE},
        "probability": Column("prob", "real", "Share of the members that oil it."),
        "first_arrival_hours_earliest": Column(
            "first_h", "real", "Earliest arrival over the members [h since the start]."
        ),
        "first_arrival_hours_median": Column(
            "first_h_md", "real", "Median arrival over those that oil it [h since the start]."
        ),
        "mass_kg_minimum": Column("min_kg", "real", "Least oil on it over the members [kg]."),
        "mass_kg_median": Column("median_kg", "real", "Median over all members [kg]."),
        "mass_kg_maximum": Column("max_kg", "real", "Most over the members [kg]."),
        "mass_kg_median_where_oiled": Column(
            "oiled_kg", "real", "Median over the members that oil it [kg]."
        ),
    },
)
PROBABILITY = Outlines(
    "probable",
    "Where oil is likely",
    "MultiPolygon",
    {
        "time": Column("time", "time", "UTC; missing of an ensemble: at any output.", 20),
        "prob_min": Column("prob_min", "real", "Probability of oil is this or more here [1]."),
        "area_km2": _AREA,
    },
)
SOURCE = Outlines(
    "source",
    "Where the source is likely",
    "MultiPolygon",
    {
        "level": Column("level_pct", "whole", "The source lies within with this probability [%]."),
        "time": Column("time", "time", "If it leaked then, UTC; missing: at any time.", 20),
        "age_hours": Column("age_h", "real", "Hours before the slick was seen [h]."),
        "area_km2": _AREA,
    },
)

ALL = (SLICKS, OBSERVED, COAST, ENSEMBLE_COAST, PROBABILITY, SOURCE)


def layers_of(run: Run, time: np.datetime64 | None = None) -> tuple[list[Layer], list[str]]:
    """Return the layers of areas and lines that a run holds, and the names of those left out.

    Parameters
    ----------
    run : Run
    time : datetime64, optional
        Leave out what is not of this time: of another one, or of the whole run. UTC

    Raises
    ------
    WitoilError
        Where a file of the run cannot be read.
    """
    layers, dropped = [], []
    for outlines, held in _held(run):
        filled = [(geometry, row) for geometry, row in held if not geometry.is_empty]
        rows = [(geometry, row) for geometry, row in filled if _is_of(row, time)]
        if rows:
            layers.append(_layer(outlines, rows))
        elif filled:
            dropped.append(outlines.name)
    return layers, dropped


def _is_of(row: Row, time: np.datetime64 | None) -> bool:
    return time is None or _time(row.get("time")) == to_seconds(np.array(time))


Rows = list[tuple[BaseGeometry, Row]]


def _held(run: Run) -> Iterator[tuple[Outlines, Rows]]:
    """Yield outlines of each kind that a run has."""
    folder = folder_of(run)
    if folder is None:
        yield OBSERVED, _seen(run)
        return
    if run.command == "trace":
        yield SOURCE, _read(folder / "source_contours.geojson")
        return
    yield SLICKS, [row for path in _files(run, folder, "slick_*.geojson") for row in _read(path)]
    yield OBSERVED, _seen(run)
    rasters = _files(run, folder, "probability*.tif")
    yield PROBABILITY, [row for path in rasters for row in _contours(path)]
    if (folder / "coast.geojson").is_file():
        coast = ENSEMBLE_COAST if run.command == "ensemble" else COAST
        yield coast, _read(folder / "coast.geojson")


def _files(run: Run, folder: Path, pattern: str) -> list[Path]:
    """Return the files of a run, and of the folders that its command makes within."""
    within = {"forecast": "outlook/", "optimise": "*/"}.get(run.command)
    inner = [] if within is None else sorted(folder.glob(within + pattern))
    return sorted(folder.glob(pattern)) + inner


def folder_of(run: Run) -> Path | None:
    """Return the folder with the files of a run; of a search, those of its best parameters."""
    if not run.path.is_dir():
        return None
    return run.path / "best" if run.command == "optimise" else run.path


def _seen(run: Run) -> Rows:
    return [(seen.outline, {"time": second(seen.time), "name": seen.name}) for seen in run.seen]


def _read(path: Path) -> Rows:
    """Read features that a run wrote as GeoJSON."""
    try:
        rows = [
            (shape(feature["geometry"]), {"verified": True, **feature["properties"]})
            for feature in read_json(path)["features"]
        ]
        whole = unbroken([geometry for geometry, _ in rows], str(path))
    except (OSError, ValueError, KeyError, TypeError, shapely.errors.ShapelyError) as error:
        raise WitoilError(
            f"{path}: cannot be read ({error}); expected what a run writes, run it again"
        ) from None
    return [(geometry, row) for geometry, (_, row) in zip(whole, rows, strict=True)]


def _contours(path: Path) -> Iterator[tuple[BaseGeometry, Row]]:
    """Yield the areas of a raster where oil is at least so likely."""
    try:
        with rasterio.open(path) as file:
            probability, transform = file.read(1), file.transform
            crs, cell = CRS.from_wkt(file.crs.to_wkt()), abs(file.transform.a * file.transform.e)
            description = file.descriptions[0] or ""
    except (rasterio.errors.RasterioError, AttributeError) as error:
        raise WitoilError(
            f"{path}: cannot be read ({error}); expected what a run writes, run it again"
        ) from None
    to_degrees = Transformer.from_crs(crs, 4326, always_xy=True)
    _, marked, when = description.partition("probability of oil at ")
    for least in PROBABILITIES:
        likely = probability >= least
        parts = shapes(likely.astype(np.uint8), mask=likely, transform=transform)
        area = shapely.union_all([shape(part) for part, _ in parts])
        outline = area if area.is_empty else unbroken([transformed(area, to_degrees)], str(path))[0]
        yield (
            outline,
            {
                "time": when.partition(",")[0] if marked else None,
                "prob_min": least,
                "area_km2": float(likely.sum() * cell / 1e6),
            },
        )


def _layer(outlines: Outlines, rows: Rows) -> Layer:
    known = {key for _, row in rows for key in row}
    columns = {key: column for key, column in outlines.columns.items() if key in known}
    geometry = np.empty(len(rows), object)
    geometry[:] = [in_parts(geometry) for geometry, _ in rows]
    batch = Batch(
        geometry,
        {
            column.name: _values(column.kind, (row.get(key) for _, row in rows))
            for key, column in columns.items()
        },
    )
    return Layer(
        outlines.name,
        outlines.title,
        outlines.geometry,
        tuple(columns.values()),
        len(rows),
        lambda: iter([batch]),
    )


def _values(kind: Kind, values: Iterable[Any]) -> NDArray[Any]:
    if kind == "time":
        return np.array([_time(value) for value in values], "M8[s]")
    if kind == "text":
        return np.array(
            [None if value is None else printable(str(value)) for value in values], object
        )
    if kind == "whole":
        return np.array([int(value) for value in values], np.int32)
    return np.array([np.nan if value is None else float(value) for value in values])


def _time(text: str | None) -> np.datetime64:
    return np.datetime64("NaT" if text is None else text.removesuffix("Z"), "s")
