"""The card of a plug-in: what it is, what it takes, what it gives, under which licences.

A card names steps that are built in, never code.
"""

from __future__ import annotations

import math
import re
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import tomli  # the parser of tomllib, compiled: dozens of cards are read in milliseconds
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from witoil.plugins.errors import PluginError

NAME = "card.toml"
_MOST_BYTES = 1_000_000

FETCHED = "https://"
"""Start of the place of weights that are fetched into the folder of the card."""

Task = Literal[
    "image-classify",
    "tile-classify",
    "semantic-seg",
    "row-sequence",
    "pixel-classify",
    "raster-regress",
    "detect",
    "detect-obb",
    "instance-seg",
    "audio-classify",
    "audio-events",
    "measure-classify",
    "panoptic",
    "embed",
    "measure",
    "audio-levels",
    "video-score",
    "deepaas",
]
FORMATS: dict[str, tuple[str, ...]] = {
    "image-classify": ("probs", "logits"),
    "tile-classify": ("probs", "logits"),
    "semantic-seg": ("probs", "logits", "prob-map"),
    "row-sequence": ("probs", "logits"),
    "pixel-classify": ("probs", "logits"),
    "raster-regress": ("values",),
    "detect": ("yolov8", "yolov5", "e2e"),
    "detect-obb": ("obb",),
    "instance-seg": ("seg",),
    "audio-classify": ("probs", "logits"),
    "audio-events": ("probs", "logits"),
    "measure-classify": ("probs", "logits"),
    "panoptic": ("probs", "logits"),
    "embed": ("embedding",),
    "measure": ("values",),
    "audio-levels": ("values",),
    "video-score": ("scores",),
    "deepaas": ("json",),
}
"""Task -> what its model may put out."""

_UNLABELLED = ("values", "embedding", "scores", "json")

KINDS: dict[str, tuple[str, ...]] = {
    "pixel-classify": ("raster",),
    "raster-regress": ("raster",),
    "semantic-seg": ("image", "raster"),
    "audio-classify": ("audio",),
    "audio-events": ("audio",),
    "audio-levels": ("audio",),
    "deepaas": ("image", "audio"),
}
"""Task -> kinds of its input; the others take images."""

OF_PROGRAMS = ("measure", "audio-levels")
"""Tasks that no head does."""

MEASURES = (
    *("area", "area_filled", "area_convex", "perimeter", "feret", "major", "minor"),
    *("eccentricity", "solidity", "extent", "circularity"),
    *("grey_mean", "red_mean", "green_mean", "blue_mean"),
    *("grey_std", "red_std", "green_std", "blue_std"),
    *("width", "height", "esd", "elongation", "perimeter_convex", "perimeter_feret"),
    *("perimeter_major", "holes_percent", "skeleton_area", "thickness_ratio"),
    *("symmetry_major", "symmetry_minor", "centroid_shift"),
    *("grey_min", "grey_max", "grey_median", "grey_mode"),
    *("grey_skewness", "grey_kurtosis", "grey_range", "grey_background"),
    *("image_share", "grey_cv_percent"),
)
"""What can be measured of the thing in an image."""

GeoKind = Literal[
    "affine", "nadir", "exif", "homography", "station", "track", "samples", "point", "none"
]


OIL = "oil"
"""Group of a label that stands for oil, which may be run, traced and written as slicks."""

PARAMETERS = ("topk", "abstain", "conf", "iou", "max_det")
"""Keys of a card's ``[output]`` that a request may have otherwise."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Identity(_Table):
    """Who made the model, and what it is for."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", description="Name to call it by.")
    version: str = Field(min_length=1)
    task: Task
    licence_code: str = Field(
        min_length=1, description="Licence of the code that made the weights."
    )
    licence_weights: str = Field(min_length=1, description="Licence of the weights.")
    title: str = ""
    description: str = ""
    authors: tuple[str, ...] = ()
    doi: str | None = None
    base_model: str | None = None
    homepage: str | None = Field(None, alias="source")


def _relative(name: str, suffixes: tuple[str, ...]) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or path.suffix not in suffixes:
        raise ValueError(
            f"found {name!r}, expected the name of a file of the plug-in's folder that ends in "
            + " or ".join(suffixes)
        )
    return name


def _weights_name(name: str) -> str:
    if not name.startswith(FETCHED):
        return _relative(name, (".onnx",))
    _relative(PurePosixPath(urlsplit(name).path).name, (".onnx",))
    return name


def _array_name(name: str) -> str:
    return _relative(name, (".npz",))


def _data_name(name: str) -> str:
    return _relative(name, (".data", ".bin", ".weight"))


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="Checksum, in hexadecimal.")]


class ExternalData(_Table):
    """A file with tensors that the ONNX file has outside."""

    uri: Annotated[str, BeforeValidator(_data_name)]
    sha256: Sha256
    bytes: int = Field(gt=0)


class Upstream(_Table):
    """What the makers of a model give out: weights that are to be turned into ONNX."""

    uri: str = Field("", description="Address, https; none where they are given on request.")
    file: str = Field("", description="Name to keep it by; default: the address's.")
    form: Literal["ultralytics", "torch", "transformers", "keras", "scikit-learn"] = Field(
        description="What they were made with: the recipe in docs/conversion.md."
    )
    access: Literal["public", "request"] = "public"
    contact: str = Field("", description="Who gives them on request.")
    sha256: Sha256 | None = None

    @model_validator(mode="after")
    def _can_be_had(self) -> Self:
        if self.access == "public" and not self.uri.startswith(FETCHED):
            raise ValueError("uri: expected an https address of weights that are public")
        if self.access == "request" and not self.contact:
            raise ValueError("contact: found none, expected who gives the weights on request")
        if not re.fullmatch(r"\w[\w.+-]*", self.name) or self.name.endswith((".toml", ".json")):
            raise ValueError(f"file: found {self.name!r}, expected the name of a file of weights")
        return self

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.file or PurePosixPath(urlsplit(self.uri).path).name


class Weights(_Table):
    """The ONNX file and its checksum; without one it is pinned when the file first comes."""

    uri: Annotated[str, BeforeValidator(_weights_name)]
    sha256: Sha256 | None = None
    bytes: int | None = Field(None, gt=0)
    opset: int | None = Field(None, ge=1)
    external: tuple[ExternalData, ...] = ()
    upstream: Upstream | None = Field(None, description="What the ONNX file is made from.")

    @property
    def file(self) -> str:
        """Name within the folder of the card."""
        is_fetched = self.uri.startswith(FETCHED)
        return PurePosixPath(urlsplit(self.uri).path).name if is_fetched else self.uri

    @model_validator(mode="after")
    def _is_pinned(self) -> Self:
        if self.uri.startswith(FETCHED) and self.external:
            raise ValueError("external: expected none beside weights that are fetched")
        if (self.sha256 is None) != (self.bytes is None):
            raise ValueError("sha256, bytes: expected both or none")
        if self.upstream is not None and self.upstream.name == self.file:
            raise ValueError("upstream.file: expected another name than that of the ONNX file")
        comes_later = self.uri.startswith(FETCHED) or self.upstream is not None
        if self.sha256 is None and not comes_later:
            raise ValueError(
                "sha256, bytes: found none, expected both for a file of the plug-in's folder "
                "(`witoil modules pin` prints them)"
            )
        return self


_Channels = tuple[float, ...]


class Preprocessing(_Table):
    """How an input becomes the tensor that the model takes: ``(x * scale - mean) / std``."""

    kind: Literal["image", "raster", "audio"]
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    color: Literal["RGB", "BGR", "L"] = "RGB"
    size: tuple[int, int] | None = Field(None, description="Height and width. [pixel]")
    resize: Literal["letterbox", "short-side-centre-crop", "stretch", "square-pad", "none"] = (
        "stretch"
    )
    short_side: int | None = Field(
        None, ge=1, le=16384, description="Length to fit before a crop. Default: the size. [pixel]"
    )
    interpolation: Literal["nearest", "bilinear", "bicubic", "box"] = "bilinear"
    pad_value: float = Field(114.0, ge=0.0, le=255.0)
    crop_bottom: int = Field(0, ge=0, description="Rows to leave out, of a scale bar. [pixel]")
    crop_sum: int | None = Field(
        None,
        ge=0,
        description="Crop to rows and columns whose values of red have a larger sum than this.",
    )
    invert: bool = Field(False, description="Take 255 minus the values.")
    scale: float = Field(1.0, gt=0.0)
    mean: _Channels = (0.0,)
    std: _Channels = (1.0,)
    bands: tuple[str, ...] = Field((), description="Names of the bands of a raster, in order.")
    range: tuple[float, float] | None = Field(
        None, description="Least and greatest value of a raster, as (0, 1) of reflectances."
    )
    indices: tuple[tuple[str, str], ...] = Field(
        (), description="Pairs (a, b) of bands, for (a - b) / (a + b)."
    )
    texture_radius: int = Field(
        0,
        ge=0,
        le=15,
        description="Half of squares whose standard deviation is a feature; 0: none. [pixel]",
    )
    every_seconds: float = Field(
        1.0, ge=0.01, le=3600.0, description="Time from one frame of a film to the next. [s]"
    )
    measures: tuple[str, ...] = Field(
        (), description="What a model takes of the thing in an image."
    )
    background: Literal["level", "otsu"] = Field(
        "level", description="What parts a thing from it: background_above, or Otsu's level."
    )
    background_above: int = Field(
        237, ge=1, le=255, description="Grey from which on a pixel is background, 0 to 255."
    )
    sample_rate: int | None = Field(None, ge=100, le=1_000_000, description="[Hz]")
    seconds: float | None = Field(None, gt=0.0, le=600.0, description="Length of a clip. [s]")
    features: Literal["waveform", "log-mel", "recording"] = "waveform"
    n_fft: int = Field(1024, ge=16, le=65536)
    hop: int = Field(480, ge=1, le=65536)
    n_mels: int = Field(64, ge=1, le=1024)
    fmin: float = Field(0.0, ge=0.0, description="[Hz]")
    fmax: float | None = Field(None, gt=0.0, description="Default: half of the rate. [Hz]")
    mel: Literal["htk", "slaney"] = "htk"

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if any(value == 0.0 for value in self.std):
            raise ValueError("std: found 0, expected what can be divided by")
        if self.size is not None and not all(1 <= side <= 16384 for side in self.size):
            raise ValueError(f"size: found {list(self.size)}, expected 1 to 16384 pixels")
        if self.short_side is not None and self.short_side < max(self.size or (0, 0)):
            raise ValueError("short_side: expected the size at least, out of which it is cropped")
        unmeasured = {*self.measures} - {*MEASURES}
        if unmeasured:
            raise ValueError(
                f"measures: found {', '.join(sorted(unmeasured))}, expected names out of "
                f"{', '.join(MEASURES)}"
            )
        unknown = {name for pair in self.indices for name in pair} - {*self.bands}
        if unknown:
            raise ValueError(
                f"indices: found {', '.join(sorted(unknown))}, expected names of bands"
            )
        if self.range is not None and not self.range[0] < self.range[1]:
            raise ValueError("range: expected the least value, then the greatest")
        if self.kind == "raster" and not self.bands:
            raise ValueError("bands: found none, expected the names of the bands of the raster")
        return self

    @model_validator(mode="after")
    def _is_audible(self) -> Self:
        is_whole = self.features == "recording"
        if self.kind == "audio" and not is_whole and None in (self.sample_rate, self.seconds):
            raise ValueError("sample_rate, seconds: expected both for audio")
        if self.sample_rate is not None and (self.fmax or 0.0) > self.sample_rate / 2.0:
            raise ValueError("fmax: expected half of sample_rate at most")
        return self


_OF_IMAGES = (
    *("color", "size", "resize", "short_side", "interpolation", "pad_value"),
    *("crop_bottom", "crop_sum", "invert", "every_seconds"),
    *("measures", "background", "background_above"),
)
_OF_RASTERS = ("bands", "range", "indices", "texture_radius")
_OF_SOUND = (
    *("sample_rate", "seconds", "features"),
    *("n_fft", "hop", "n_mels", "fmin", "fmax", "mel"),
)
_OTHERS: dict[str, tuple[str, ...]] = {
    "image": (*_OF_RASTERS, *_OF_SOUND),
    "raster": (*_OF_IMAGES, *_OF_SOUND),
    "audio": (*_OF_IMAGES, *_OF_RASTERS),
}
"""Kind of input -> keys of ``[input]`` that say nothing of it."""


class Tiling(_Table):
    """How an image is cut into tiles."""

    size: int = Field(ge=8, le=4096, description="Side of a tile. [pixel]")
    stride: int | None = Field(None, ge=1, description="Default: the size. [pixel]")
    pad: Literal["reflect", "edge", "drop"] = Field(
        "reflect", description="What is beyond the border; drop: tiles that are not whole are left."
    )
    blend: Literal["mean", "hann"] = Field("mean", description="Weights where tiles overlap.")
    parity: Literal["any", "even"] = Field("any", description="Even: rows and columns of tiles.")

    @model_validator(mode="after")
    def _covers(self) -> Self:
        if self.stride is not None and self.stride > self.size:
            raise ValueError("stride: expected the size at most, to leave no gap between tiles")
        return self

    @property
    def step(self) -> int:
        """The stride. [pixel]."""
        return self.stride or self.size


class Label(_Table):
    """A class that the model knows."""

    name: str = Field(min_length=1)
    index: int | None = Field(None, ge=0)
    aphia_id: int | None = Field(
        None, gt=0, description="Number in the World Register of Marine Species."
    )
    colour: str | None = Field(None, pattern=r"^#[0-9a-fA-F]{6}$")
    group: str | None = None
    background: bool = Field(False, description="Is no result.")
    middle: float | None = Field(
        None, description="Value in the middle of an ordinal class, in output.unit."
    )


class Output(_Table):
    """What the model puts out, and what is made of it."""

    format: Literal[
        "probs",
        "logits",
        "prob-map",
        "yolov8",
        "yolov5",
        "e2e",
        "obb",
        "seg",
        "values",
        "embedding",
        "scores",
        "json",
    ]
    activation: Literal["softmax", "sigmoid"] = Field(
        "softmax", description="What makes probabilities of logits."
    )
    topk: int = Field(1, ge=1)
    abstain: float = Field(0.0, ge=0.0, le=1.0, description="Scores below it give no label.")
    conf: float = Field(0.25, ge=0.0, le=1.0)
    iou: float = Field(0.5, ge=0.0, le=1.0)
    max_det: int = Field(300, ge=1)
    least_pixels: int = Field(1, ge=1, description="Size of an area that counts. [pixel]")
    line: tuple[str, str] | None = Field(
        None, description="Labels between which a line is drawn, as a shoreline."
    )
    unit: str | None = Field(
        None, description="Unit of values, or of the middles of ordinal classes."
    )
    names: tuple[str, ...] = Field((), description="Outputs of the graph, in the order needed.")
    labels: tuple[str, ...] = Field((), description="Names alone, instead of [[labels]].")


class View(_Table):
    """What a model of films looks at, and what its score of that counts.

    The quality is ``sigmoid(sum(weight * (score - mean) / std))`` over all views.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    input: str = Field(min_length=1, description="Name in the graph: (clips, 3, frames, h, w).")
    output: str = Field(min_length=1, description="Name in the graph: a score, or one a clip.")
    sampling: Literal["stretch", "fragments"] = Field(
        "stretch",
        description="How a frame becomes the size: as a whole, or by small squares out of it.",
    )
    fragments: int = Field(7, ge=1, le=64, description="Squares along each side of a frame.")
    frames: int = Field(32, ge=1, le=256, description="Length of a clip. [frame]")
    interval: int | None = Field(
        None, ge=1, le=256, description="Frames from one to the next; none: spread over the film."
    )
    clips: int = Field(1, ge=1, le=16)
    mean: float = 0.0
    std: float = Field(1.0, gt=0.0)
    weight: float = 1.0


class Geo(_Table):
    """How the model's results may be put on the map."""

    kinds: tuple[GeoKind, ...] = Field(
        ("none",), description="Those that a request may have; point: all that give one place."
    )
    gsd_m: float | None = Field(
        None, gt=0.0, description="Side of a pixel on the ground that the model was made for. [m]"
    )


class Metric(_Table):
    """How good the model was."""

    name: str
    value: float
    dataset: str = ""


class Training(_Table):
    """What the model was trained on."""

    dataset: str = ""
    images: int | None = Field(None, ge=0)
    size: tuple[int, int] | None = None
    doi: str | None = None


class Reference(_Table):
    """Arrays that results are compared with, of the data of training."""

    file: Annotated[str, BeforeValidator(_array_name)]
    sha256: Sha256


class Parameter(_Table):
    """What a program can be told, by ``--set NAME=VALUE``."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    kind: Literal["number", "text", "file"] = "number"
    description: str = ""
    unit: str = "1"
    default: float | str | None = None
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _has_a_name_of_its_own(self) -> Self:
        if self.name in PARAMETERS:
            raise ValueError(f"name: found {self.name}, a key of [output]; expected another")
        return self

    def said(self) -> str:
        """Return what it is, in one line."""
        unit = "" if self.unit == "1" else f" [{self.unit}]"
        kind = " or ".join(self.choices) or f"{self.kind}{unit}"
        default = "" if self.default is None else f", default {self.default}"
        return f"{self.name}: {kind}{default}. {self.description}".rstrip(" .") + "."

    def value_of(self, given: Any) -> float | str | Path:
        """Return the value of what was given, as a text or as itself.

        Raises
        ------
        PluginError
            Where it is none of this parameter.
        """
        if self.kind == "file":
            return Path(str(given))
        if self.kind == "text":
            if self.choices and given not in self.choices:
                raise PluginError(
                    f"{self.name}: found {given!r}, expected {' or '.join(self.choices)}"
                )
            return str(given)
        try:
            number = float(given)
        except (TypeError, ValueError):
            number = math.nan
        least = -math.inf if self.least is None else self.least
        most = math.inf if self.most is None else self.most
        if isinstance(given, bool) or not (math.isfinite(number) and least <= number <= most):
            bounds = "" if self.least is self.most is None else f" of {least:g} to {most:g}"
            raise PluginError(f"{self.name}: found {given!r}, expected a number{bounds}")
        return number


class Card(_Table):
    """All that is said of a plug-in."""

    model: Identity
    weights: Weights | None = None
    input: Preprocessing
    output: Output
    tiling: Tiling | None = None
    labels: tuple[Label, ...] = ()
    views: tuple[View, ...] = Field((), description="What a model of films looks at.")
    geo: Geo = Geo()
    metrics: tuple[Metric, ...] = ()
    training: Training = Training()
    parameters: tuple[Parameter, ...] = Field(
        (), description="What a program can be told, beside the keys of [output]."
    )
    drift: Reference | None = Field(None, description="Scores of the training data.")
    ood: Reference | None = Field(None, description="Where embeddings of the training data lie.")

    @model_validator(mode="before")
    @classmethod
    def _gather_labels(cls, document: Any) -> Any:
        """Make labels of the names in ``output.labels``."""
        output = document.get("output") if isinstance(document, dict) else None
        names = output.get("labels") if isinstance(output, dict) else None
        if not isinstance(names, list | tuple):
            return document
        if document.get("labels"):
            raise ValueError("labels: found [[labels]] and output.labels, expected one of them")
        labels = [{"name": name, "index": index} for index, name in enumerate(names)]
        return document | {"labels": labels}

    @model_validator(mode="after")
    def _numbers_labels(self) -> Self:
        indices = [k if it.index is None else it.index for k, it in enumerate(self.labels)]
        if indices != list(range(len(indices))):
            raise ValueError(f"labels: found the indices {indices}, expected 0, 1, 2 ...")
        names = [label.name for label in self.labels]
        if len(set(names)) < len(names) and self.model.task != "image-classify":
            raise ValueError("labels: found a name twice, expected each once")
        unknown = {*(self.output.line or ())} - {*names}
        if unknown:
            raise ValueError(f"output.line: found {', '.join(sorted(unknown))}, expected labels")
        return self

    @model_validator(mode="after")
    def _fits_its_task(self) -> Self:
        task = self.model.task
        if self.output.format not in FORMATS[task]:
            raise ValueError(
                f'output.format: found "{self.output.format}", expected '
                f"{' or '.join(FORMATS[task])} for {task}"
            )
        kinds = KINDS.get(task, ("image",))
        if self.input.kind not in kinds:
            raise ValueError(
                f'input.kind: found "{self.input.kind}", expected {" or ".join(kinds)} for {task}'
            )
        if not (self.labels or self.has_labels_in_model or self.output.format in _UNLABELLED):
            raise ValueError("labels: found none, expected those of the model's classes")
        if self.output.format == "prob-map" and len(self.labels) != 2:
            raise ValueError("labels: expected what is below output.conf, then what is above it")
        if task == "measure-classify" and not self.input.measures:
            raise ValueError("input.measures: found none, expected names of what is measured")
        if self.weights is None:  # a program does as it likes
            return self
        if task in OF_PROGRAMS:
            raise ValueError(f"model.task: found {task} beside [weights], expected it of programs")
        if self.tiling is None and task in ("tile-classify", "semantic-seg"):
            raise ValueError(f"tiling: found none, expected [tiling] for {task}")
        if self.parameters:
            raise ValueError("parameters: expected those of a program alone, not beside weights")
        return self

    @model_validator(mode="after")
    def _has_its_size(self) -> Self:
        """Refuse images without a size for a model; a program prepares its own."""
        how = self.input
        is_open = how.kind == "image" and not how.size and not how.measures
        if self.weights is not None and is_open and how.resize != "none":
            raise ValueError(f'input.size: found none, expected one for resize = "{how.resize}"')
        return self

    @model_validator(mode="after")
    def _has_its_views(self) -> Self:
        if (self.model.task == "video-score") != bool(self.views):
            raise ValueError("views: expected [[views]] for video-score, and for it alone")
        names = [view.name for view in self.views]
        if len({*names}) < len(names):
            raise ValueError("views: found a name twice, expected each once")
        height, width = self.input.size or (0, 0)
        for view in self.views:
            if view.sampling == "fragments" and (
                not height or height % view.fragments or width % view.fragments
            ):
                raise ValueError(
                    f"views.fragments: found {view.fragments}, expected what input.size can be "
                    "divided by"
                )
        return self

    @model_validator(mode="after")
    def _has_what_is_compared(self) -> Self:
        if self.ood is not None and not self.has_embedding:
            raise ValueError(
                "ood: found no embedding to compare; expected the task embed, or image-classify "
                "with output.names of two, scores and embedding"
            )
        return self

    def shown(self) -> dict[str, Any]:
        """Return the card as JSON has it, with the defaults that hold for its input.

        Those of a program are left out, which prepares its input and makes its output itself.
        """
        document = self.model_dump(mode="json", exclude_none=True, by_alias=True)
        said = self.model_dump(mode="json", exclude_none=True, by_alias=True, exclude_unset=True)
        if self.weights is None:
            return document | {"input": said["input"], "output": said["output"]}
        others = {*_OTHERS[self.input.kind]} - {*said["input"]}
        document["input"] = {k: v for k, v in document["input"].items() if k not in others}
        return document

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """What a request over HTTP may have otherwise: no files, which are this machine's own."""
        return (*PARAMETERS, *(it.name for it in self.parameters if it.kind != "file"))

    @property
    def has_labels_in_model(self) -> bool:
        """Whether the classes are those that the model names in its metadata."""
        is_made_later = self.weights is not None and self.weights.upstream is not None
        return is_made_later and not self.labels and self.output.format not in _UNLABELLED

    @property
    def has_embedding(self) -> bool:
        """Whether the model puts out an embedding."""
        if self.model.task == "image-classify":
            return len(self.output.names) == 2
        return self.model.task == "embed"


def read_card(path: Path) -> Card:
    """Return the card in a TOML file.

    Raises
    ------
    PluginError
        Where it cannot be read, or has a key that no card has.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise PluginError(f"{path}: found more than 1 MB, expected a card")
        document = tomli.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomli.TOMLDecodeError, RecursionError) as error:
        raise PluginError(f"{path}: {_short(error)}; expected a card in TOML") from None
    return parse_card(document, str(path))


def parse_card(document: Any, name: str) -> Card:
    """Return the card of a document.

    Parameters
    ----------
    document : dict
        As in TOML.
    name : str
        Of what it was read from, for messages.

    Raises
    ------
    PluginError
        With all that is wrong, in one line.
    """
    try:
        return Card.model_validate(document)
    except ValidationError as error:
        raise PluginError(f"{name}: " + "; ".join(_mistakes(error))) from None


def _mistakes(error: ValidationError) -> list[str]:
    found = []
    for mistake in error.errors(include_url=False):
        place = ".".join(map(str, mistake["loc"]))
        text = mistake["msg"].removeprefix("Value error, ")
        if mistake["type"] == "extra_forbidden":
            text = "is no key of a card; expected it to be spelt as in docs/plugins.md, or left out"
        found.append(f"{place}: {text}" if place else text)
    return found


def _short(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
