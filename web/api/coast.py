"""The coast as vector tiles, for maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from flask import Response, request
from flask_openapi.blueprint import APIBlueprint
from pydantic import BaseModel, Field
from werkzeug.http import generate_etag

from web.api.documents import JobPath, href
from web.api.particles import TAG
from web.api.runs import RUN_PROBLEMS, folder_of, run_of, successful_job
from web.context import service
from web.data.inputs import MissingInputError, resolve
from web.errors import NotFoundError
from web.maps.vector_tiles import TURNS, Layer, Tile, encode, tile_bounds
from web.maps.world import COARSEST, COAST, FINEST, LAND, world_layer
from web.people.access import needs
from web.store.jobs import Job
from witoil.player.mercator import northing

MVT = "application/vnd.mapbox-vector-tile"

blueprint = APIBlueprint("coast", __name__, abp_tags=[TAG], abp_responses=RUN_PROBLEMS)


class WorldTilePath(BaseModel):
    """A tile of a web map, y from the north."""

    z: int = Field(ge=0, lt=COARSEST)
    x: int = Field(ge=0, lt=2**COARSEST)
    y: int = Field(ge=0, lt=2**COARSEST)


class CoastTilePath(JobPath):
    """A tile of a web map, y from the north, of a job."""

    z: int = Field(ge=COARSEST, le=FINEST)
    x: int = Field(ge=0, lt=2**FINEST)
    y: int = Field(ge=0, lt=2**FINEST)


class VectorLayer(BaseModel):
    """A layer of the tiles."""

    id: str
    description: str
    fields: dict[str, str]


class TileSet(BaseModel):
    """A tile set, as TileJSON 3.0 has it."""

    tilejson: str
    name: str
    tiles: list[str]
    minzoom: int
    maxzoom: int
    bounds: list[float] = Field(
        description="West, south, east, north, within which there are tiles [degree]; east may be "
        "beyond 180."
    )
    vector_layers: list[VectorLayer]


def tile_answer(tile: Tile, make: Callable[[], bytes]) -> Response:
    """Return a vector tile, unless the client has it."""
    answer = Response(make(), mimetype=MVT)
    answer.set_etag(generate_etag(answer.get_data()))
    answer.make_conditional(request)
    return answer


TILE_ANSWERS: dict[str | int | HTTPStatus, Any] = {
    200: {
        "description": "Mapbox Vector Tile 2.1.",
        "content": {MVT: {"schema": {"type": "string"}}},
    },
    304: {"description": "The client has it."},
}


def _refuse_outside(tile: Tile) -> None:
    z, x, y = tile
    if max(x, y) >= 2**z:
        raise NotFoundError(
            f"found the tile {z}/{x}/{y}, expected x and y from 0 to {2**z - 1} where z is {z}"
        )


@blueprint.get("/tiles/coast/<z>/<x>/<y>.mvt", responses=TILE_ANSWERS)
@needs("read", links=True)
def send_world_tile(path: WorldTilePath) -> Response:
    """Send land of the world, coarse; the layer is `land`."""
    tile = (path.z, path.x, path.y)
    _refuse_outside(tile)
    return tile_answer(tile, lambda: encode([world_layer(path.z)], tile))


def _coast(job_id: str) -> tuple[dict[str, Any], Sequence[Layer]]:
    from web.maps.coasts import coast_of  # what reads runs takes a second to load

    job = successful_job(job_id)
    folder = folder_of(job)
    return coast_of(run_of(folder), folder, _coastline(job))


def _coastline(job: Job) -> str:
    """Return the coastline that a job has used, as files are read.

    Raises
    ------
    NotFoundError
        It was of a file that is there no more.
    """
    case = job.inputs["case"]
    coastline = case.get("forcing", {}).get("coastline", "osm")
    named = {"case": {"forcing": {"coastline": coastline}}}
    try:
        with service().store.reading() as session:
            resolved = resolve(session, job.owner, named, service().settings)
    except MissingInputError as error:
        raise NotFoundError(str(error)) from None
    found: str = resolved["case"]["forcing"]["coastline"]
    return found


@blueprint.get("/jobs/<jobID>/coast", responses={200: TileSet})
@needs("read")
def describe_coast(path: JobPath) -> dict[str, Any]:
    """Say where there are tiles with the coast that a run had."""
    header, _ = _coast(path.job_id)
    return {
        "tilejson": "3.0.0",
        "name": f"The coast of the run: {header['coastline']}",
        "tiles": [href(f"/jobs/{path.job_id}/coast/{{z}}/{{x}}/{{y}}.mvt")],
        "minzoom": COARSEST,
        "maxzoom": FINEST,
        "bounds": header["bounds"],
        "vector_layers": [
            {"id": LAND, "description": "Land, areas", "fields": {}},
            {"id": COAST, "description": "Lines between land and sea", "fields": {}},
        ],
    }


COAST_TILE_ANSWERS: dict[str | int | HTTPStatus, Any] = {
    **TILE_ANSWERS,
    204: {"description": "Outside the bounds: nothing is known of the coast there."},
}


@blueprint.get("/jobs/<jobID>/coast/<z>/<x>/<y>.mvt", responses=COAST_TILE_ANSWERS)
@needs("read")
def send_coast_tile(path: CoastTilePath) -> Response:
    """Send the coast that a run had; the layers are `land` and `coast`."""
    header, layers = _coast(path.job_id)
    tile = (path.z, path.x, path.y)
    _refuse_outside(tile)
    if not _meets(tile, header["bounds"]):
        return Response(status=204)
    return tile_answer(tile, lambda: encode(layers, tile))


def _meets(tile: Tile, bounds: Sequence[float]) -> bool:
    """Say whether a tile has a part within bounds, whose longitudes may be whole turns off."""
    west, low, east, high = tile_bounds(tile)
    left, south, right, north = bounds
    is_between = low < northing(min(north, 89.9)) and high > northing(max(south, -89.9))
    return bool(is_between) and any(west < right + turn and east > left + turn for turn in TURNS)
