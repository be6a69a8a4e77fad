"""The collections of features, and what features of each have: one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

OilType = Literal["mineral", "biogenic", "unknown"]
Verdict = Literal["unchecked", "confirmed", "uncertain", "false positive"]

OBSERVATIONS, SLICKS, RUNS, COAST = "observations", "slicks", "runs", "coast-impact"
DETECTIONS = "detections"


@dataclass(frozen=True)
class Property:
    """What a feature may have.

    Attributes
    ----------
    name : str
    kind : {"string", "number", "integer"}
    title : str
        With its unit.
    values : tuple of str
        The only ones that there are; none: any.
    """

    name: str
    kind: Literal["string", "number", "integer"]
    title: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Collection:
    """Features of one kind.

    Attributes
    ----------
    id, title, description : str
    properties : tuple of Property
        Of which single values can be asked for, and of numbers all between two.
    is_judged : bool
        Whether analysts say what its features are.
    """

    id: str
    title: str
    description: str
    properties: tuple[Property, ...]
    is_judged: bool = False


_TIME = Property("time", "string", "When it was seen, or is computed for, UTC")
_JOB = (
    Property("job", "string", "Id of the job"),
    Property("process", "string", "What the job did"),
    Property("name", "string", "Name of the case"),
)
_ORIGIN = Property("origin", "string", "Of the operator, or of a person", ("catalogue", "upload"))
_NOTE = Property("note", "string", "What an analyst has noted")

_ALL = (
    Collection(
        OBSERVATIONS,
        "Slicks seen",
        "Slicks as sensors saw them, of the operator's catalogue and of people's masks, with what "
        "analysts say of them.",
        (
            Property("name", "string", "Name of the detection"),
            Property("event", "string", "The spill that it is of"),
            Property("type", "string", "What the slick is of", get_args(OilType)),
            Property("class", "string", "How sure the detection is, A before B"),
            Property("source", "string", "What the oil is said to come from"),
            Property(
                "verdict", "string", "Whether it is oil, as an analyst says", get_args(Verdict)
            ),
            Property("sensor", "string", "Satellite"),
            Property("country", "string", "ISO 3166-1 alpha-3"),
            Property("area_m2", "number", "Area of its polygons [m2]"),
            Property("volume_min_m3", "number", "Least estimate of its volume [m3]"),
            Property("volume_max_m3", "number", "Greatest estimate of its volume [m3]"),
            _NOTE,
            _TIME,
            _ORIGIN,
        ),
        is_judged=True,
    ),
    Collection(
        SLICKS,
        "Slicks computed",
        "Outlines of the slicks of your runs, at the times of the observations or at the end.",
        (*_JOB, Property("area_m2", "number", "Area of the cells that it touches [m2]"), _TIME),
    ),
    Collection(
        RUNS,
        "Runs",
        "Your runs: the box in which their oil was, their times and their scores.",
        (
            *_JOB,
            Property("particles", "integer", "Number of particles"),
            Property("fss", "number", "Mean FSS over the observations, at the smallest window"),
            Property("fss_window", "integer", "That window [cells]"),
        ),
    ),
    Collection(
        COAST,
        "Oil on the coast",
        "Stretches of coast that the oil of your runs has reached.",
        (
            *_JOB,
            Property("shore_type", "string", "Type of the shore"),
            Property("length_m", "number", "Length with all its bends [m]"),
            Property("first_oiled", "string", "First output with oil on it, UTC"),
            Property("mass_kg", "number", "Oil on it at the end [kg]"),
            Property("absorbed_kg", "number", "Of this absorbed for good [kg]"),
            Property("max_mass_kg", "number", "The most at any output [kg]"),
            Property("kg_per_km", "number", "Oil at the end by length [kg km-1]"),
            Property("probability", "number", "Share of an ensemble that oils it"),
        ),
    ),
    Collection(
        DETECTIONS,
        "Things found by models",
        "What models have found in your images, rasters and recordings, where that is on the map, "
        "with what analysts say of it.",
        (
            Property("label", "string", "What it is, as the model says"),
            Property("score", "number", "How sure the model is, 0 to 1"),
            Property("module", "string", "Name of the model"),
            Property("version", "string", "Version of the model"),
            Property("file", "string", "Name of the file that it was found in"),
            Property("frame", "integer", "Number of the frame of a film"),
            Property(
                "verdict", "string", "Whether it is that, as an analyst says", get_args(Verdict)
            ),
            _NOTE,
            Property("job", "string", "Id of the job"),
            _TIME,
        ),
        is_judged=True,
    ),
)

COLLECTIONS: Mapping[str, Collection] = {each.id: each for each in _ALL}
"""Collections by id."""
