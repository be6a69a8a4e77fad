"""A page on which a model is tried, and what it asks for that model: made from its card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Response
from flask_openapi.blueprint import APIBlueprint
from pydantic import BaseModel, Field

from web.api.documents import PUBLIC, problems
from web.api.page import HTML, TAG, page_named, policy
from web.api.plugins import card_of, usable
from web.errors import NotFoundError
from web.people.access import needs
from witoil.plugins.card import Card, Output, Parameter
from witoil.plugins.errors import PluginError
from witoil.plugins.georeference import KINDS, POINT_KINDS
from witoil.plugins.hosted.module import HostedModule
from witoil.plugins.inputs import OF_KIND

blueprint = APIBlueprint("trying", __name__, abp_tags=[TAG], abp_responses=problems())

_USED = {
    "conf": ("detect", "detect-obb", "instance-seg", "panoptic", "audio-events", "semantic-seg"),
    "iou": ("detect", "detect-obb", "instance-seg", "panoptic"),
    "max_det": ("detect", "detect-obb", "instance-seg"),
    "topk": ("image-classify", "tile-classify", "audio-classify", "measure-classify"),
    "abstain": ("image-classify", "tile-classify", "audio-classify", "measure-classify"),
}
"""Parameter -> tasks that make use of it."""

_TYPED = ("station", "nadir", "exif", "affine", "homography")
"""Kinds of georeference that one can type; the others are tables of many images."""


class TriedPath(BaseModel):
    """Which model."""

    name: str


class ModelForm(BaseModel):
    """What a model takes, for a form."""

    name: str
    version: str
    title: str
    description: str
    task: str
    licence: str
    kind: str = Field(description="image, raster or audio")
    file_field: str = Field(description="The field of a request that takes the file.")
    accept: str | None = Field(
        description="What a request says as `accept` in its query; null: nothing."
    )
    is_hosted: bool = Field(
        description="Whether it is a module of others, which answers in its own way and takes "
        "neither place nor time."
    )
    suffixes: list[str] = Field(description="How the names of files end that it takes.")
    labels: list[str]
    fields: dict[str, Any] = Field(description="JSON schema of its parameters.")
    georef: dict[str, Any] = Field(description="Kind of georeference -> JSON schema of its keys.")


@blueprint.get(
    "/try",
    responses={200: {"description": "The page.", "content": {HTML: {}}}},
    openapi_extensions=PUBLIC,
)
def show_trial_page() -> Response:
    """Show the page on which the model is tried that the query names, `?model=NAME`."""
    answer = page_named("try.html")
    answer.headers["Content-Security-Policy"] = f"{policy(None)}; media-src blob:"
    return answer


@blueprint.get("/try/<name>", responses={200: ModelForm})
@needs("read")
def describe_trial(path: TriedPath) -> dict[str, Any]:
    """Describe what a model takes, for a form on a page."""
    plugin = usable(path.name)
    card: Card = card_of(plugin)
    hosted = plugin.code if isinstance(plugin.code, HostedModule) else None
    return ModelForm(
        name=card.model.id,
        version=card.model.version,
        title=card.model.title or card.model.id,
        description=card.model.description,
        task=card.model.task,
        licence=card.model.licence_weights,
        kind=card.input.kind,
        suffixes=sorted(OF_KIND[card.input.kind]),
        labels=[label.name for label in card.labels],
        file_field="files" if hosted is None else _file_field(hosted),
        accept=None if hosted is None else hosted.accept_of_json(),
        is_hosted=hosted is not None,
        fields=_fields(card) if hosted is None else _fields_of(hosted),
        georef={}
        if hosted is not None
        else {kind: KINDS[kind].model_json_schema() for kind in _kinds(card)},
    ).model_dump()


def _file_field(module: HostedModule) -> str:
    """Return the field of a hosted module that takes a file.

    Raises
    ------
    NotFoundError
        Where it does not take one file, for which the page is.
    """
    try:
        return module.file_field(Path())
    except PluginError as error:
        raise NotFoundError(f"there is no page to try it: {error}") from None


def _fields_of(module: HostedModule) -> dict[str, Any]:
    """Return the schema of the parameters that a hosted module has itself."""
    known = module.record.parameters("predict")
    names = module.names("predict")
    return {
        "type": "object",
        "properties": {name: known[name].schema() for name in names},
        "required": [name for name in names if known[name].is_required],
    }


def _fields(card: Card) -> dict[str, Any]:
    """Return the schema of the parameters of which a task makes use, with the card's values.

    Those of a program come first. Files are left out: a request may name none of the server.
    """
    known = Output.model_json_schema()["properties"]
    is_likeliest = card.model.task == "semantic-seg" and card.output.format != "prob-map"
    return {
        "type": "object",
        "properties": {it.name: _field(it) for it in card.parameters if it.kind != "file"}
        | {
            name: {**known[name], "default": getattr(card.output, name)}
            for name, tasks in _USED.items()
            if card.model.task in tasks and not is_likeliest
        },
    }


def _field(parameter: Parameter) -> dict[str, Any]:
    """Return the schema of what a program can be told."""
    unit = "" if parameter.unit == "1" else f" [{parameter.unit}]"
    found = {
        "type": "number" if parameter.kind == "number" else "string",
        "description": f"{parameter.description}{unit}",
        "default": parameter.default,
        "minimum": parameter.least,
        "maximum": parameter.most,
        "enum": list(parameter.choices) or None,
    }
    return {key: value for key, value in found.items() if value is not None}


def _kinds(card: Card) -> list[str]:
    allowed = {*card.geo.kinds} | ({*POINT_KINDS} if "point" in card.geo.kinds else set())
    return [kind for kind in _TYPED if kind in allowed]
