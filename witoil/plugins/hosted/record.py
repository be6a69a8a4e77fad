"""What is kept of a hosted module: where its environment is, and what it says of itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from witoil.plugins.card import Card, parse_card
from witoil.plugins.errors import PluginError

RECORD = "deepaas.json"
"""Name of the file, in the folder of the module."""

_MOST_BYTES = 10_000_000
_WRAPPED = "#/definitions/Prediction"
"""Schema of replies of modules that declare none: wrapped in ``{"status", "predictions"}``."""

_NO_TEXTS = ("boolean", "number", "integer")
_TRUTHS = {
    **dict.fromkeys(("true", "t", "1", "on", "yes", "y"), True),
    **dict.fromkeys(("false", "f", "0", "off", "no", "n"), False),
}

JSON = "application/json"
ANY = "*/*"


class Limits(BaseModel):
    """What a module may take."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    start_seconds: float = Field(120.0, gt=0.0, description="Time until it answers at all. [s]")
    seconds: float = Field(120.0, gt=0.0, description="Time for a request. [s]")
    idle_seconds: float = Field(
        300.0, gt=0.0, description="Time without a request until it ends. [s]"
    )
    memory_bytes: int = Field(8_000_000_000, gt=0, description="Memory of each process. [byte]")
    file_bytes: int = Field(
        20_000_000_000, gt=0, description="Size of each file that it writes. [byte]"
    )
    log_bytes: int = Field(1_000_000, ge=200_000, description="Size of its log. [byte]")
    answer_bytes: int = Field(100_000_000, gt=0, description="Size of an answer. [byte]")


@dataclass(frozen=True)
class HostedParameter:
    """A field of a request, as Swagger 2.0 describes it.

    Attributes
    ----------
    name, description : str
    place : str
        ``query``, ``formData`` or ``header``.
    kind : str
        ``file``, ``integer``, ``number``, ``boolean``, ``string`` or ``array``.
    is_required : bool
    choices : tuple
        Values that are named; empty where there are none. DEEPaaS does not hold requests to them.
    item : str
        Kind of the items of an array.
    least, most : float
        What a number may be.
    preset
        What holds where it is not given, as far as its module says; None: it does not.
    """

    name: str
    place: str
    kind: str
    is_required: bool
    choices: tuple[Any, ...]
    description: str
    item: str = "string"
    least: float = -math.inf
    most: float = math.inf
    preset: Any = None

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> HostedParameter:
        """Return that of an entry of Swagger."""
        return cls(
            str(entry["name"]),
            str(entry.get("in", "query")),
            str(entry.get("type", "string")),
            bool(entry.get("required", False)),
            tuple(entry.get("enum") or ()),
            str(entry.get("description") or ""),
            str(entry.get("items", {}).get("type", "string")),
            float(entry.get("minimum", -math.inf)),
            float(entry.get("maximum", math.inf)),
            entry.get("default"),
        )

    def schema(self) -> dict[str, Any]:
        """Return what it may be, as JSON schema."""
        bounds = {"minimum": self.least, "maximum": self.most}
        return {
            "type": self.kind,
            "description": self.description,
            **({"items": {"type": self.item}} if self.kind == "array" else {}),
            **({"enum": [*self.choices]} if self.choices else {}),
            **({} if self.preset is None else {"default": self.preset}),
            **{name: bound for name, bound in bounds.items() if math.isfinite(bound)},
        }

    def read(self, texts: Sequence[str]) -> Any:
        """Return the value of a field of a form that has it once, or several times.

        Raises
        ------
        ValueError
            In the words of DEEPaaS.
        """
        if self.kind == "array":
            return [self._value(text, self.item) for text in texts]
        value = self._value(texts[-1], self.kind)
        if not isinstance(value, str) and not self.least <= value <= self.most:
            raise ValueError(self._bounds())
        return value

    def _bounds(self) -> str:
        least, most = f"{self.least:g}", f"{self.most:g}"
        if math.isinf(self.least):
            return f"Must be less than or equal to {most}."
        if math.isinf(self.most):
            return f"Must be greater than or equal to {least}."
        return f"Must be greater than or equal to {least} and less than or equal to {most}."

    def _value(self, text: str, kind: str) -> Any:
        try:
            if kind == "boolean":
                return _TRUTHS[text.lower()]
            if kind == "number" and math.isfinite(float(text)):
                return float(text)
            if kind == "integer":
                return int(text)
        except (ValueError, KeyError):
            pass
        if kind in _NO_TEXTS:
            raise ValueError(f"Not a valid {kind}.")
        return text


class HostedRecord(BaseModel):
    """The content of ``deepaas.json``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(min_length=1, description="Name in the group deepaas.v2.model.")
    requirement: str = Field(description="What was installed.")
    python: Path = Field(description="Python of its environment.")
    metadata: dict[str, Any] = Field(description="What it says of itself.")
    predict: dict[str, Any] = Field(description="POST predict/, as its Swagger has it.")
    train: dict[str, Any] = Field({}, description="POST train/, the same.")
    can_be_trained: bool = Field(False, description="Whether there is a function for it.")
    limits: Limits = Limits()

    @property
    def name(self) -> str:
        """How it is called here."""
        return self.model.lower()

    @property
    def is_wrapped(self) -> bool:
        """Whether replies are in ``predictions``."""
        answer = self.predict.get("responses", {}).get("200", {}).get("schema", {})
        return bool(answer.get("$ref") == _WRAPPED)

    def parameters(self, task: Literal["predict", "train"]) -> dict[str, HostedParameter]:
        """Return the fields of a request, by their names."""
        entries = (self.predict if task == "predict" else self.train).get("parameters", [])
        return {it.name: it for it in map(HostedParameter.of, entries)}

    def card(self) -> Card:
        """Return a card that says what the module says of itself.

        Raises
        ------
        PluginError
            Where it has no name that a card could have.
        """
        said = self.metadata
        authors = said.get("author") or ()
        identity = {
            "id": self.name,
            "version": str(said.get("version") or "unknown"),
            "task": "deepaas",
            "licence_code": str(said.get("license") or "unknown"),
            "licence_weights": "unknown",  # DEEPaaS has one licence, that of the package
            "title": str(said.get("name") or self.model),
            "description": str(said.get("description") or ""),
            "authors": [authors] if isinstance(authors, str) else [str(it) for it in authors],
        }
        return parse_card(
            {
                "model": identity,
                "input": {"kind": "audio" if self._hears() else "image", "resize": "none"}
                | ({"sample_rate": 48_000, "seconds": 1.0} if self._hears() else {}),
                "output": {"format": "json"},
                "geo": {"kinds": _GEO},
            },
            self.model,
        )

    def _hears(self) -> bool:
        """Return whether it takes sound and no images, by the words that pages look for, too."""
        texts = [
            f"{it.name} {it.description}".lower()
            for it in self.parameters("predict").values()
            if it.kind == "file"
        ]
        return any("audio" in text for text in texts) and not any("image" in it for it in texts)


_GEO = ["affine", "nadir", "exif", "homography", "station", "track", "samples", "point", "none"]


def read_record(folder: Path) -> HostedRecord:
    """Return what is kept of the module of a folder.

    Raises
    ------
    PluginError
        Where the file cannot be read or is another.
    """
    path = folder / RECORD
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise PluginError(f"{path}: found more than 10 MB, expected what `add` has written")
        return HostedRecord.model_validate_json(path.read_bytes())
    except OSError as error:
        raise PluginError(
            f"{path}: cannot be read ({error.strerror}); add the module anew"
        ) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "content"
        raise PluginError(
            f"{path}: {place}: {first['msg']}; expected what `witoil modules add` writes"
        ) from None
