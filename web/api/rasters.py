"""Rasters of a job's run: which there are, as files, as tiles, and value by value."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Response, request, send_file
from flask_openapi.blueprint import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field
from werkzeug.http import generate_etag

from web.api.documents import JobPath, href
from web.api.particles import TAG
from web.api.results import FILE_ANSWERS
from web.api.runs import RUN_PROBLEMS, run_of, successful_folder
from web.errors import NotFoundError
from web.people.access import needs

if TYPE_CHECKING:
    from web.maps.rasters import Frame, Raster

FINEST = 18
"""Greatest z of a tile."""

blueprint = APIBlueprint(
    "rasters", __name__, url_prefix="/jobs", abp_tags=[TAG], abp_responses=RUN_PROBLEMS
)


class RasterPath(JobPath):
    """Which raster of which job."""

    raster: str = Field(max_length=200, description="Its id, as the list has it.")


class RasterTilePath(RasterPath):
    """A tile of a web map, y from the north, of a raster."""

    z: int = Field(ge=0, le=FINEST)
    x: int = Field(ge=0, lt=2**FINEST)
    y: int = Field(ge=0, lt=2**FINEST)


class FrameQuery(BaseModel):
    """Which of the times of a raster."""

    model_config = ConfigDict(extra="forbid")

    time: str | None = Field(
        None, max_length=40, description="One of those in the list; default: the last one."
    )


class PlaceQuery(FrameQuery):
    """Where, and at which of the times."""

    lon: float = Field(ge=-360.0, le=360.0, allow_inf_nan=False, description="[degree]")
    lat: float = Field(ge=-90.0, le=90.0, allow_inf_nan=False, description="[degree]")


class RasterClass(BaseModel):
    """Values that are drawn in one colour; up to the least value of the next class."""

    least: float
    colour: str = Field(description="#rrggbb")
    label: str


class RasterInfo(BaseModel):
    """A raster, and what a legend says of it."""

    id: str
    title: str
    unit: str = Field(description="UDUNITS; 1 of shares and masks.")
    times: list[str] = Field(description="UTC; none of what belongs to the whole run.")
    range: list[float] = Field(description="Least values of the first class and of the last.")
    bounds: list[float] = Field(
        description="West, south, east, north [degree]; east may be beyond 180."
    )
    shown: list[float] | None = Field(
        description="The same of the cells that are drawn at any time; null: not known, or none."
    )
    legend: list[RasterClass] = Field(description="Rising; what is less is transparent.")
    tiles: str = Field(description="Address of the tiles, with {z}, {x} and {y}; `?time=`.")
    cog: str = Field(description="Address of the cloud-optimised GeoTIFF; `?time=`.")


class RasterList(BaseModel):
    """The rasters of a run."""

    rasters: list[RasterInfo]


class RasterValue(BaseModel):
    """The value at a place; null where there is none."""

    value: float | None
    unit: str
    time: str | None


@lru_cache(maxsize=16)
def _rasters(folder: Path) -> dict[str, Raster]:
    from web.maps.rasters import rasters_of  # loads what draws, which takes a second

    return rasters_of(run_of(folder), folder)


def _info(job_id: str, raster: Raster) -> RasterInfo:
    address = href(f"/jobs/{job_id}/rasters/{raster.id}")
    classes = zip(raster.classes, raster.colours, raster.labels, strict=True)
    return RasterInfo(
        id=raster.id,
        title=raster.title,
        unit=raster.unit,
        times=[frame.time for frame in raster.frames if frame.time],
        range=[raster.classes[0], raster.classes[-1]],
        bounds=list(raster.bounds),
        shown=raster.shown and list(raster.shown),
        legend=[RasterClass(least=a, colour=b, label=c) for a, b, c in classes],
        tiles=f"{address}/tiles/{{z}}/{{x}}/{{y}}.png",
        cog=f"{address}/cog",
    )


def _found(path: RasterPath, time: str | None) -> tuple[Raster, Frame, Path]:
    """Return a raster, the frame of it that is meant, and the folder of the job.

    Raises
    ------
    NotFoundError, ConflictError
    """
    folder = successful_folder(path.job_id)
    rasters = _rasters(folder)
    if path.raster not in rasters:
        raise NotFoundError(
            f"found no raster {path.raster[:80]!r}, expected one of {', '.join(rasters) or 'none'}"
        )
    raster = rasters[path.raster]
    frames = {frame.time: frame for frame in raster.frames}
    if time is None:
        return raster, raster.frames[-1], folder
    if time not in frames:
        known = [frame.time for frame in raster.frames if frame.time]
        raise NotFoundError(
            f"time: found {time!r}, expected "
            + (f"one of {known[0]} … {known[-1]} as the list has them" if known else "none")
        )
    return raster, frames[time], folder


@blueprint.get("/<jobID>/rasters", responses={200: RasterList})
@needs("read")
def list_rasters(path: JobPath) -> dict[str, Any]:
    """List the rasters of a run, with what a legend says of them."""
    folder = successful_folder(path.job_id)
    found = _rasters(folder)
    return RasterList(rasters=[_info(path.job_id, each) for each in found.values()]).model_dump()


@blueprint.get("/<jobID>/rasters/<raster>/cog", responses=FILE_ANSWERS)
@needs("read")
def send_cog(path: RasterPath, query: FrameQuery) -> Response:
    """Send a raster as cloud-optimised GeoTIFF, or a range of it."""
    from web.maps.rasters import cog_of

    raster, frame, folder = _found(path, query.time)
    name = "-".join(filter(None, (raster.id, (frame.time or "").replace(":", "")))) + ".tif"
    media = "image/tiff; application=geotiff; profile=cloud-optimized"
    return send_file(
        cog_of(frame, folder), mimetype=media, download_name=name, conditional=True, max_age=None
    )


RASTER_TILE_ANSWERS: dict[Any, Any] = {
    200: {"description": "A picture of 256 x 256 pixels.", "content": {"image/png": {}}},
    304: {"description": "The client has it."},
}


@blueprint.get("/<jobID>/rasters/<raster>/tiles/<z>/<x>/<y>.png", responses=RASTER_TILE_ANSWERS)
@needs("read")
def send_raster_tile(path: RasterTilePath, query: FrameQuery) -> Response:
    """Send a tile of a raster, coloured by its classes; transparent where there is nothing."""
    from web.maps.rasters import cog_of, tile_of

    raster, frame, folder = _found(path, query.time)
    tile = (path.z, path.x, path.y)
    if max(path.x, path.y) >= 2**path.z:
        raise NotFoundError(f"found no tile {path.z}/{path.x}/{path.y}, expected x and y below 2^z")
    answer = Response(tile_of(raster, cog_of(frame, folder), tile), mimetype="image/png")
    answer.set_etag(generate_etag(answer.get_data()))
    answer.make_conditional(request)
    return answer


@blueprint.get("/<jobID>/rasters/<raster>/point", responses={200: RasterValue})
@needs("read")
def read_value(path: RasterPath, query: PlaceQuery) -> dict[str, Any]:
    """Return the value of a raster at a place."""
    from web.maps.rasters import cog_of, value_at

    raster, frame, folder = _found(path, query.time)
    value = value_at(cog_of(frame, folder), query.lon, query.lat)
    return RasterValue(value=value, unit=raster.unit, time=frame.time).model_dump()
