"""The models as Swagger 2.0 describes them: what clients of DEEPaaS make their forms from."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from flask_openapi.blueprint import APIBlueprint

from web.api import trainings
from web.people.access import needs
from witoil.plugins.card import PARAMETERS, Output
from witoil.plugins.hosted.module import HostedModule
from witoil.plugins.registry import Plugin, find_plugins

blueprint = APIBlueprint("swagger-of-models", __name__)

_PLACE = [
    {"name": "georef", "in": "query", "type": "string", "description": "Where it is, JSON."},
    {"name": "time", "in": "query", "type": "string", "description": "When it was, UTC."},
]
_CASE = {
    "name": "case",
    "in": "formData",
    "type": "file",
    "required": True,
    "description": "The case, TOML or JSON.",
}
_ANSWER = {"200": {"description": "What was found."}}
_UUID = {"name": "uuid", "in": "path", "type": "string", "required": True}


@blueprint.get("/swagger.json", doc_ui=False)
@needs("read")
def show_swagger() -> dict[str, Any]:
    """Describe the models; OpenAPI describes all of the service at /openapi.json."""
    paths = {"/v2/": _get("Version"), "/v2/models/": _get("Models"), **_of_simulator()}
    for plugin in find_plugins():
        if plugin.fault is None:
            paths |= _of_plugin(plugin)
    return {
        "swagger": "2.0",
        "info": {"title": "witoil", "version": version("witoil")},
        "paths": paths,
    }


def _get(summary: str) -> dict[str, Any]:
    return {"get": _operation(summary, [])}


def _operation(summary: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "tags": ["models"],
        "summary": summary,
        "produces": ["application/json"],
        "parameters": parameters,
        "responses": _ANSWER,
    }


def _of_simulator() -> dict[str, Any]:
    return _of_model(
        trainings.NAME,
        {"post": _operation("Simulate a case", [_CASE])},
        {"post": _operation("Calibrate a case", [_CASE])},
    )


def _of_plugin(plugin: Plugin) -> dict[str, Any]:
    if isinstance(plugin.code, HostedModule):
        record = plugin.code.record
        train = {"post": _kept(record.train)} if record.can_be_trained else {}
        return _of_model(plugin.name, {"post": _kept(record.predict)}, train)
    assert plugin.card is not None  # of one that can be used
    kind = plugin.card.input.kind
    file = {
        "name": "files",
        "in": "formData",
        "type": "file",
        "required": True,
        "description": {"audio": "An audio file."}.get(kind, "An image."),
    }
    predict = _operation("Find things in a file", [file, *_PLACE, *_numbers(plugin.card.output)])
    return _of_model(plugin.name, {"post": predict}, {})


def _kept(operation: dict[str, Any]) -> dict[str, Any]:
    """Return an operation of a module without references into its own document."""
    return {**operation, "responses": _ANSWER}


def _numbers(output: Output) -> list[dict[str, Any]]:
    kinds = {int: "integer", float: "number"}
    return [
        {
            "name": name,
            "in": "query",
            "type": kinds[type(getattr(output, name))],
            "default": getattr(output, name),
        }
        for name in PARAMETERS
    ]


def _of_model(name: str, predict: dict[str, Any], train: dict[str, Any]) -> dict[str, Any]:
    address = f"/v2/models/{name}/"
    paths = {address: _get("The model"), f"{address}predict/": predict}
    if train:
        one = {"get": _operation("A training", [_UUID]), "delete": _operation("End it", [_UUID])}
        paths[f"{address}train/"] = train | _get("Trainings")
        paths[f"{address}train/{{uuid}}"] = one
    return paths
