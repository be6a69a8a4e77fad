"""A hosted module as a plug-in: what is asked of it, and how its dialect of DEEPaaS has it."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

from witoil.files import plain
from witoil.plugins.card import Card
from witoil.plugins.envelope import Findings
from witoil.plugins.errors import PluginError
from witoil.plugins.hosted.answers import findings_of
from witoil.plugins.hosted.process import HostedProcess, Reply, Upload
from witoil.plugins.hosted.record import ANY, JSON, HostedRecord, read_record

_LOOK_SECONDS = 0.5
"""How often it is asked how far a training is. [s]"""

_PROCESSES: dict[tuple[Path, str], HostedProcess] = {}
"""Those of this process, by the folder of the module and what is known of it."""

_LOCK = threading.Lock()

Task = Literal["predict", "train"]

Fields = Sequence[tuple[str, str]]
"""Names and values, of which a name may be there several times."""


@dataclass(frozen=True)
class HostedModule:
    """A module of others that is found in a folder.

    Attributes
    ----------
    folder : Path
    record : HostedRecord
    """

    folder: Path
    record: HostedRecord

    is_isolated: ClassVar[bool] = True
    """Whether a file that it cannot stand costs no process of ours."""

    @classmethod
    def open(cls, folder: Path) -> HostedModule:
        """Return the module of a folder.

        Raises
        ------
        PluginError
        """
        return cls(folder, read_record(folder))

    @cached_property
    def card(self) -> Card:
        """What it says of itself."""
        return self.record.card()

    @property
    def process(self) -> HostedProcess:
        """The process that answers for it, which is not started by asking for it."""
        with _LOCK:
            key = (self.folder.resolve(), self.record.model_dump_json())
            return _PROCESSES.setdefault(key, HostedProcess(self.record))

    def names(self, task: Task) -> list[str]:
        """Return the names of the parameters of a request that are no files."""
        known = self.record.parameters(task).values()
        return [it.name for it in known if it.kind != "file" and it.name != "accept"]

    def refuse_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Refuse what the module does not know, which DEEPaaS would drop in silence.

        Raises
        ------
        PluginError
        """
        usable = self.names("predict")
        unknown = sorted({*parameters} - {*usable})
        if unknown:
            raise PluginError(
                f"{self.record.name}: found the parameter {unknown[0]!r}, expected one of "
                f"{', '.join(usable) or 'none'}"
            )

    def read_fields(
        self, task: Task, fields: Mapping[str, Sequence[str]]
    ) -> tuple[dict[str, Any], dict[str, list[str]]]:
        """Return the values of the fields of a form, and what is wrong with them by name.

        The words are those of DEEPaaS.
        """
        known = self.record.parameters(task)
        values: dict[str, Any] = {}
        faults: dict[str, list[str]] = {}
        for name, texts in fields.items():
            try:
                if name not in known:
                    raise ValueError("Unknown field.")
                values[name] = known[name].read(texts)
            except ValueError as error:
                faults[name] = [str(error)]
        for name, it in known.items():
            if it.is_required and name not in fields:
                faults[name] = ["Missing data for required field."]
        return values, faults

    def predict(self, path: Path, parameters: Mapping[str, Any]) -> Findings:
        """Return what it finds in a file.

        Raises
        ------
        PluginError
            Where it takes other files, answers no JSON, fails, or refuses what it is given.
        """
        file = self.file_field(path)
        upload = Upload(path, path.name)
        reply = self.ask(
            "predict", _fields(parameters), [(file, upload)], accept=self.accept_of_json()
        )
        answer = self.read(reply)
        return findings_of(answer["predictions"] if self.record.is_wrapped else answer)

    def check(self) -> None:
        """Start it, and end it.

        Raises
        ------
        PluginError
            Where it does not start.
        """
        self.process.get(f"/v2/models/{self.record.model}/")
        self.process.stop()

    def ask(
        self,
        task: Task,
        fields: Fields,
        files: Sequence[tuple[str, Upload]] = (),
        accept: str | None = None,
        wait_seconds: float = math.inf,
    ) -> Reply:
        """Ask, each field where the module's Swagger has it; `accept` only where that has one.

        Raises
        ------
        PluginError
            Where there is no answer; one that says what is wrong is an answer.
        BusyError
            Where others are asked for longer than `wait_seconds`.
        """
        known = self.record.parameters(task)
        places: dict[str, list[tuple[str, str]]] = {"query": [], "formData": [], "header": []}
        wanted = [("accept", accept)] if accept is not None and "accept" in known else []
        for name, value in (*fields, *wanted):
            places[known[name].place if name in known else "query"].append((name, value))
        headers = {name.title(): value for name, value in places["header"]}
        return self.process.post(
            f"/v2/models/{self.record.model}/{task}/",
            query=places["query"],
            form=places["formData"],
            files=files,
            headers=headers,
            wait_seconds=wait_seconds,
        )

    def train(
        self,
        parameters: Mapping[str, Any],
        folder: Path,
        progress: Callable[[float, str], None] = lambda share, note: None,
    ) -> dict[str, Any]:
        """Train it, in a process of its own that works in a folder.

        Its process is ended with whoever calls this: so a training is cancelled.

        Returns
        -------
        dict
            ``output``, what the module has returned, ``finish_date`` and ``duration``.

        Raises
        ------
        PluginError
            Where it does not train, or fails.
        """
        fields = _fields(parameters)
        process = HostedProcess(self.record, folder)
        path = f"/v2/models/{self.record.model}/train/"
        try:
            told = self.read(process.post(path, query=fields), process)
            while told.get("status") == "running":
                progress(0.0, f"training since {told.get('date')}")
                time.sleep(_LOOK_SECONDS)
                told = self.read(process.get(f"{path}{told['uuid']}"), process)
            if told.get("status") != "done":
                raise PluginError(
                    f"{self.record.name}: the training ended as {told.get('status')!r}: "
                    f"{told.get('message') or 'without a message'}"
                )
            found: dict[str, Any] = plain(told["result"])  # losses may be no numbers
            return found
        finally:
            process.stop()

    def read(self, reply: Reply, process: HostedProcess | None = None) -> dict[str, Any]:
        """Return the document of an answer.

        Parameters
        ----------
        reply : Reply
        process : HostedProcess, optional
            That has answered. Default: `process`.

        Raises
        ------
        PluginError
            Where the answer says that something is wrong, with what; or is no JSON object.
        """
        name = self.record.name
        if reply.status == 422:
            raise PluginError(f"{name}: {_first_fault(reply)}")
        if reply.status == 501:
            raise PluginError(f"{name}: cannot do this: its module has no such function")
        if reply.status != 200:
            raise PluginError(f"{name}: failed{(process or self.process).last_words()}")
        if reply.media_type != JSON:
            raise PluginError(
                f"{name}: found an answer of the type {reply.media_type or 'unknown'}, expected "
                f"{JSON}; ask predict/ of the service for others"
            )
        document = _json(reply, name)
        if not isinstance(document, dict) or (
            self.record.is_wrapped and "predictions" not in document and "uuid" not in document
        ):
            raise PluginError(f"{name}: found an answer of another form than its Swagger says")
        return document

    def file_field(self, path: Path) -> str:
        """Return the field that takes a file: the one that has to be there, or the likeliest.

        Raises
        ------
        PluginError
            Where it takes several files at once, or none.
        """
        known = self.record.parameters("predict").values()
        fields = [it for it in known if it.kind == "file"]
        required = [it for it in fields if it.is_required]
        if len(required) > 1 or not fields:
            names = ", ".join(it.name for it in required) or "no file"
            raise PluginError(
                f"{self.record.name}: takes {names}, expected one file; ask predict/ of the service"
            )
        if required:
            return required[0].name
        is_zip = path.suffix.lower() == ".zip"
        fits = [it for it in fields if ("zip" in f"{it.name} {it.description}".lower()) == is_zip]
        return (fits or fields)[0].name

    def accept_of_json(self) -> str | None:
        """Return what to send as ``accept`` for JSON, out of what the module has."""
        known = self.record.parameters("predict")
        choices = known["accept"].choices if "accept" in known else ()
        if not choices or JSON in choices:
            return JSON
        return ANY if ANY in choices else None


def _json(reply: Reply, name: str) -> Any:
    try:
        return json.loads(reply.content)
    except (ValueError, RecursionError):
        raise PluginError(f"{name}: found an answer that is no JSON") from None


def _first_fault(reply: Reply) -> str:
    """Return what is wrong with the first field of a request, out of an answer."""
    try:
        field, texts = next(iter(json.loads(reply.content).items()))
    except (ValueError, AttributeError, StopIteration, RecursionError):
        return "refuses the request without a reason"
    text = texts[0] if isinstance(texts, list) and texts else texts
    return " ".join(f"{field}: {text}".split())[:300]


def _fields(parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [pair for name, value in parameters.items() for pair in _texts(name, value)]


def _texts(name: str, value: Any) -> list[tuple[str, str]]:
    """Return a value as a form has it; each of a list for itself."""
    if value is None:
        return []  # as the module has it
    if isinstance(value, list | tuple):
        return [pair for it in value for pair in _texts(name, it)]
    if isinstance(value, bool):
        return [(name, "true" if value else "false")]
    if isinstance(value, float) and value.is_integer():
        return [(name, str(int(value)))]  # JSON has no integers, DEEPaaS does
    return [(name, value if isinstance(value, str) else json.dumps(value))]
