"""Models of images, rasters and sound, at the addresses of two protocols.

DEEPaaS v2 (https://docs.ai4eosc.eu/projects/deepaas) asks with forms and slashes at the end, the
Open Inference Protocol v2 (https://github.com/kserve/open-inference-protocol) with tensors.
Mistakes are problems as everywhere in the service, but for those of a form: DEEPaaS tells them by
field.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from flask import Response, current_app, request
from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field
from werkzeug.exceptions import NotImplemented as NotImplementedProblem
from werkzeug.utils import secure_filename

from catalog.files.scratch import scratch_folder
from web.api import trainings
from web.api.documents import href, problems
from web.api.forwarding import forwarded
from web.context import service
from web.errors import ContentError, NotFoundError, QuotaError
from web.faults import Fault
from web.people.access import needs, who
from web.people.usage import note_looked_at
from witoil.plugins.errors import PluginError
from witoil.plugins.fetching import is_there
from witoil.plugins.georeference import Georeference, georeference_of_request
from witoil.plugins.hosted.module import HostedModule
from witoil.plugins.prediction import predict, session_of, with_parameters
from witoil.plugins.registry import Plugin, find_plugins
from witoil.times import given_in_utc

log = logging.getLogger(__name__)

blueprint = APIBlueprint(
    "plugins",
    __name__,
    url_prefix="/v2",
    abp_tags=[Tag(name="models", description="Models of images, rasters and sound.")],
    abp_responses=problems(),
)

MOST_SECONDS = 120.0
"""How long a file may take. [s]"""

_AT_ONCE = threading.BoundedSemaphore(2)
"""Requests that run a model; each of them uses all cores."""

_WAITING = threading.BoundedSemaphore(8)
"""Requests to hosted modules, which answer one after the other: others keep their threads."""

_TYPES = {
    "FP32": "float32",
    "FP64": "float64",
    "FP16": "float16",
    "INT64": "int64",
    "INT32": "int32",
    "INT16": "int16",
    "INT8": "int8",
    "UINT8": "uint8",
    "BOOL": "bool",
}
"""Names of the Open Inference Protocol -> those of numpy."""


NO_WEIGHTS = "has no weights here yet; whoever runs this service can fetch them"
"""What is said of a model whose weights are elsewhere."""


class ModelPath(BaseModel):
    """Which model."""

    name: str


class HealthPath(BaseModel):
    """Which question."""

    what: Literal["live", "ready"]


class VersionPath(ModelPath):
    """Which version of a model."""

    version: str


class TrainingPath(ModelPath):
    """Which training of a model."""

    uuid: str


class _Closed(BaseModel):
    model_config = ConfigDict(extra="ignore")


class InputTensor(_Closed):
    """Numbers that a model takes."""

    name: str
    shape: list[int] = Field(max_length=8)
    datatype: Literal["FP32", "FP64", "FP16", "INT64", "INT32", "INT16", "INT8", "UINT8", "BOOL"]
    data: list[Any]


class WantedTensor(_Closed):
    """Numbers that are wanted."""

    name: str


class InferBody(_Closed):
    """Tensors in, and which are wanted."""

    id: str | None = None
    inputs: list[InputTensor] = Field(min_length=1, max_length=20)
    outputs: list[WantedTensor] = Field([], max_length=100)


@blueprint.get("/", strict_slashes=True, doc_ui=False)
@needs("read")
def show_versions() -> dict[str, Any]:
    """Say which protocol this is."""
    return {
        "version": "stable",
        "id": "v2",
        "links": [{"rel": "self", "type": "application/json", "href": href("/v2/")}],
        "name": "witoil",
        "extensions": [],
    }


@blueprint.get("/debug/", strict_slashes=True, doc_ui=False)
@needs("read")
def show_debug() -> tuple[str, int]:
    """Show nothing: what a service logs is for whoever runs it."""
    return "", HTTPStatus.NO_CONTENT


@blueprint.get("/health/<what>", doc_ui=False)
@needs("read")
def show_health(path: HealthPath) -> dict[str, bool]:
    """Say that the process answers."""
    return {path.what: True}


@blueprint.get("/models/", strict_slashes=True, doc_ui=False)
@needs("read")
def list_models() -> dict[str, Any]:
    """List the models that can be used."""
    found = find_plugins()
    for plugin in found:
        if plugin.fault is not None:
            log.warning("plug-in: %s", plugin.fault)
    usable = [
        _described(plugin)
        for plugin in found
        if plugin.fault is None and is_there(plugin) and plugin.name != trainings.NAME
    ]
    return {"models": [*usable, trainings.described()]}


@blueprint.get("/models/<name>/", strict_slashes=True, doc_ui=False)
@needs("read")
def show_model(path: ModelPath) -> dict[str, Any]:
    """Describe a model."""
    if path.name == trainings.NAME:
        return trainings.described()
    return _described(usable(path.name))


@blueprint.post("/models/<name>/predict/", strict_slashes=True, doc_ui=False)
@needs("run")
def predict_files(path: ModelPath) -> Response:
    """Run a model on the files of a form; one envelope for each, in their order.

    A hosted module answers as it does by itself. The simulator takes a case.
    """
    request.max_content_length = service().settings.upload_bytes
    if path.name == trainings.NAME:
        return _told(trainings.simulated)
    plugin = usable(path.name)
    if isinstance(plugin.code, HostedModule):
        return _forwarded(plugin.code)
    return _found_in_files(plugin)


def _forwarded(module: HostedModule) -> Response:
    known = module.record.parameters("predict")
    fields = [*request.args.items(multi=True), *request.form.items(multi=True)]
    files = [(name, part) for name, part in request.files.items(multi=True) if part.filename]
    faults = _Faults()
    for name, _ in (*fields, *files):
        if name not in known and name != "accept":
            faults[name] = ["Unknown field."]
    if faults:
        return faults.answer()
    if not _WAITING.acquire(blocking=False):
        raise QuotaError("as many hosted modules are asked as may be; try again in a moment")
    try:
        with scratch_folder(_room()) as room:
            answer = forwarded(module, files, fields, room)
            if answer.status_code < HTTPStatus.BAD_REQUEST and module.card.input.kind != "audio":
                _note_looked_at([_sha256(file) for file in sorted(room.iterdir())])
            return answer
    finally:
        _WAITING.release()


def _found_in_files(plugin: Plugin) -> Response:
    given = {**request.args.to_dict(), **request.form.to_dict()}
    files = [part for _, part in request.files.items(multi=True) if part.filename]
    faults = _Faults()
    if not files:
        faults["files"] = ["Missing data for required field."]
    georeference = faults.taken(given, "georef", georeference_of_request)
    time = faults.taken(given, "time", _time)
    for key, value in given.items():
        faults.taken({key: value}, key, lambda text, key=key: _checked(plugin, key, text))
    if faults:
        return faults.answer()
    found = []
    contents: list[str] = []
    with _turn(), scratch_folder(_room()) as room:
        for k, part in enumerate(files):
            place = room / str(k)
            place.mkdir()
            file = place / (secure_filename(part.filename or "") or "file")
            part.save(file)
            contents.append(_sha256(file))
            try:
                found.append(_predicted(plugin, file, georeference, time, given).document())
            except PluginError as error:
                faults["files"] = [_without(str(error), place, plugin)]
                return faults.answer()
    if card_of(plugin).input.kind != "audio":
        _note_looked_at(contents)
    return _json({"status": "OK", "predictions": found})


def _note_looked_at(contents: Sequence[str]) -> None:
    with service().store.session() as session:
        note_looked_at(session, who().name, contents)


@blueprint.post("/models/<name>/train/", strict_slashes=True, doc_ui=False)
@needs("run")
def start_training(path: ModelPath) -> Response:
    """Train a hosted module, or calibrate a case; a plug-in has the weights of its card."""
    module = _trained(path.name)
    given = request.values.to_dict(flat=False)
    return _told(lambda: (trainings.start(path.name, module, given), HTTPStatus.OK))


@blueprint.get("/models/<name>/train/", strict_slashes=True, doc_ui=False)
@needs("read")
def list_trainings(path: ModelPath) -> Response:
    """List the trainings that whoever asks has started."""
    if path.name != trainings.NAME:
        usable(path.name)
    return _json(trainings.trainings(path.name))


@blueprint.get("/models/<name>/train/<uuid>", doc_ui=False)
@needs("read")
def show_training(path: TrainingPath) -> Response:
    """Show how far a training is."""
    return _json(trainings.training(path.name, path.uuid))


@blueprint.delete("/models/<name>/train/<uuid>", doc_ui=False)
@needs("run")
def cancel_training(path: TrainingPath) -> Response:
    """End a training, with the process that does it."""
    return _json(trainings.cancel(path.name, path.uuid))


def _trained(name: str) -> HostedModule | None:
    """Return the module that is to be trained; None stands for the simulator."""
    if name == trainings.NAME:
        return None
    code = usable(name).code
    if not isinstance(code, HostedModule) or not code.record.can_be_trained:
        raise NotImplementedProblem(f"Not implemented by underlying model (loaded '{name}')")
    return code


def _told(answer: Callable[[], tuple[Any, int]]) -> Response:
    """Return an answer, or what is wrong with the fields of the request."""
    try:
        document, status = answer()
    except trainings.FieldsError as error:
        document, status = error.faults, HTTPStatus.UNPROCESSABLE_ENTITY
    return _json(document, HTTPStatus(status))


@blueprint.get("/models/<name>/ready", doc_ui=False)
@needs("read")
def show_ready(path: ModelPath) -> dict[str, Any]:
    """Say whether a model can be used."""
    return {"name": path.name, "ready": is_there(_known(path.name))}


@blueprint.get("/models/<name>/versions/<version>", doc_ui=False)
@needs("read")
def show_tensors(path: VersionPath) -> dict[str, Any]:
    """Describe what a model takes and gives, which loads it."""
    plugin = usable(path.name)
    model = card_of(plugin).model
    if path.version != model.version:
        raise NotFoundError(f"found no version {path.version!r}, expected {model.version}")
    with _turn():
        session = _session(plugin)
    return {
        "name": model.id,
        "versions": [model.version],
        "platform": "onnxruntime_onnx",
        "inputs": [_tensor(name, *kind) for name, kind in session.inputs.items()],
        "outputs": [{"name": name} for name in session.outputs],
    }


@blueprint.post("/models/<name>/infer", doc_ui=False)
@needs("run")
def infer(path: ModelPath, body: InferBody) -> Response:
    """Run a model on tensors as they are, without what its card says of inputs and outputs."""
    plugin = usable(path.name)
    feed = {it.name: _array(it, k) for k, it in enumerate(body.inputs)}
    with _turn():
        try:
            found = _session(plugin).infer(feed, [it.name for it in body.outputs])
        except PluginError as error:
            text = _without(str(error), None, plugin)
            raise ContentError([Fault("/inputs", text)]) from None
    model = card_of(plugin).model
    return _json(
        {
            "model_name": model.id,
            "model_version": model.version,
            "id": body.id,
            "outputs": [_given(name, array) for name, array in found.items()],
        }
    )


class _Faults(dict[str, list[str]]):
    """Mistakes of a form by field, as DEEPaaS tells them."""

    def taken(self, given: Mapping[str, str], key: str, read: Any) -> Any:
        """Return a field as it is read; None where it is not given or wrong, which is kept."""
        if key not in given:
            return None
        try:
            return read(given[key])
        except ValueError as error:
            self[key] = [str(error)]
            return None

    def answer(self) -> Response:
        """Return the answer that tells them."""
        return _json(dict(self), HTTPStatus.UNPROCESSABLE_ENTITY)


def _time(text: str) -> datetime:
    try:
        return given_in_utc(datetime.fromisoformat(text))
    except ValueError:
        raise ValueError("Not a valid datetime.") from None


def _checked(plugin: Plugin, key: str, text: str) -> None:
    if key in ("georef", "time"):
        return
    if key not in card_of(plugin).parameter_names:
        raise ValueError("Unknown field.")
    try:
        with_parameters(card_of(plugin), {key: text})
    except PluginError as error:
        raise ValueError(str(error).removeprefix(f"{key}: ")) from None


def _predicted(
    plugin: Plugin,
    file: Path,
    georeference: Georeference | None,
    time: datetime | None,
    given: Mapping[str, str],
) -> Any:
    known = card_of(plugin).parameter_names
    parameters = {key: value for key, value in given.items() if key in known}
    return predict(
        plugin,
        file,
        georeference=georeference,
        time=time,
        parameters=parameters,
        most_seconds=MOST_SECONDS,
    )


def usable(name: str) -> Plugin:
    """Return a model that can be used."""
    found = _known(name)
    if not is_there(found):
        raise NotFoundError(f"{name} {NO_WEIGHTS}")
    return found


def _known(name: str) -> Plugin:
    """Return a model, whose weights may be elsewhere."""
    found = [plugin for plugin in find_plugins() if plugin.name == name]
    faultless = next((plugin for plugin in found if plugin.fault is None), None)
    if faultless is None:
        for plugin in found:
            log.warning("plug-in: %s", plugin.fault)
        raise NotFoundError(
            f"found no model {name!r} that can be used; expected one that is listed"
        )
    return faultless


def card_of(plugin: Plugin) -> Any:
    """Return the card of a model that can be used."""
    assert plugin.card is not None
    return plugin.card


def _session(plugin: Plugin) -> Any:
    if plugin.code is not None:
        raise NotFoundError(f"{plugin.name} is a program, which has no tensors; ask predict/")
    try:
        return session_of(plugin)
    except PluginError as error:
        raise ContentError([Fault("", _without(str(error), None, plugin))]) from None


def _described(plugin: Plugin) -> dict[str, Any]:
    """Return what DEEPaaS has of a model, and what the Open Inference Protocol has beside."""
    card = card_of(plugin)
    said = plugin.code.record.metadata if isinstance(plugin.code, HostedModule) else {}
    model = card.model
    return {
        "id": model.id,
        "name": model.id,
        "links": [
            {"rel": "self", "href": href(f"/v2/models/{model.id}")},
            {"rel": "alternate", "type": "text/html", "href": href(f"/try?model={model.id}")},
        ],
        "description": model.description or model.title or model.task,
        "version": model.version,
        "license": model.licence_weights,
        "author": list(model.authors),
        "task": model.task,
        "labels": [label.name for label in card.labels],
        "versions": [model.version],
        "platform": "onnxruntime_onnx" if plugin.code is None else "python",
        **{key: value for key, value in said.items() if key != "id"},
    }


def _tensor(name: str, shape: list[Any], kind: str) -> dict[str, Any]:
    names = {f"tensor({_runtime_name(numpy)})": ours for ours, numpy in _TYPES.items()}
    lengths = [length if isinstance(length, int) else -1 for length in shape]
    return {"name": name, "datatype": names.get(kind, kind), "shape": lengths}


def _runtime_name(numpy: str) -> str:
    return {"float32": "float", "float64": "double"}.get(numpy, numpy)


def _array(given: InputTensor, number: int) -> npt.NDArray[Any]:
    try:
        flat = np.array(given.data, dtype=_TYPES[given.datatype])
        if min(given.shape, default=0) < 0:  # which numpy would fill in
            raise ValueError
        return flat.reshape(given.shape)
    except (ValueError, TypeError, OverflowError):
        raise ContentError(
            [
                Fault(
                    f"/inputs/{number}/data",
                    f"{given.name}: found data that are no {given.datatype} of the shape "
                    f"{given.shape}, expected these",
                )
            ]
        ) from None


def _given(name: str, array: npt.NDArray[Any]) -> dict[str, Any]:
    names = {numpy: ours for ours, numpy in _TYPES.items()}
    return {
        "name": name,
        "datatype": names.get(array.dtype.name, array.dtype.name),
        "shape": list(array.shape),
        "data": array.ravel().tolist(),
    }


@contextmanager
def _turn() -> Iterator[None]:
    """Wait until a model may be run."""
    if not _AT_ONCE.acquire(timeout=service().settings.wait_seconds):
        raise QuotaError("as many models run as may run at once; try again in a moment")
    try:
        yield
    finally:
        _AT_ONCE.release()


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _room() -> Path:
    folder: Path = service().settings.uploads
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _without(text: str, folder: Path | None, plugin: Plugin) -> str:
    """Return a message without the folders of the machine."""
    for place in (folder, plugin.folder):
        if place is not None:
            text = text.replace(f"{place}/", "").replace(str(place), plugin.name)
    return text


def _json(document: Any, status: HTTPStatus = HTTPStatus.OK) -> Response:
    answer: Any = current_app.json.response(document)
    answer.status_code = status
    return answer  # type: ignore[no-any-return]
