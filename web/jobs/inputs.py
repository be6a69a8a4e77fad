"""What each process takes, checked as it comes in.

A text names a stored file, a result or an entry of the catalogue; `web.data.inputs` puts files in
their place before the work begins.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from catalog.forcing.names import RoleName
from web.jobs.wanted import Area, Span
from witoil.case.parts import Time
from witoil.case.schema import Case
from witoil.case.sensors import SensorKind

if TYPE_CHECKING:
    from witoil.plugins.hosted.module import HostedModule
    from witoil.plugins.registry import Plugin
    from witoil.runs.slick import Sensor

_JSON = "application/json"


def _without_folder(case: Any) -> Any:
    if isinstance(case, Mapping) and "folder" in case:
        raise ValueError("folder: unknown key; a case names stored uploads and catalogue entries")
    return case


CheckedCase = Annotated[Case, BeforeValidator(_without_folder)]


def unqualified(value: Any) -> Any:
    """Return an input out of how OGC API – Processes wraps objects: `{"value": …}`.

    Raises
    ------
    ValueError
        For a link, and for another form than JSON.
    """
    if not isinstance(value, Mapping):
        return value
    if "href" in value:
        raise ValueError("found a link, expected the value itself: store files, and name these")
    if "value" not in value:
        return value
    if value.keys() - {"value", "mediaType"} or value.get("mediaType", _JSON) != _JSON:
        raise ValueError(f"found a value in another form, expected one of mediaType {_JSON}")
    return value["value"]


class Inputs(BaseModel):
    """Inputs of a process; closed to unknown names."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _inline(cls, value: Any) -> Any:
        return unqualified(value)


class CaseInputs(Inputs):
    """A case, and whether to draw."""

    case: CheckedCase = Field(description="The case, keys as in a case file.")
    pictures: bool = Field(True, description="Draw, and write a page of what is drawn.")


class EnsembleInputs(CaseInputs):
    """A case that is run many times."""

    members: int | None = Field(
        None, ge=1, le=100_000, description="Number of runs; default: as the case says."
    )


class CheckInputs(Inputs):
    """A case that is only looked at."""

    case: CheckedCase = Field(description="The case, keys as in a case file.")


Name = Annotated[str, Field(min_length=1, max_length=300)]
"""Name of a stored file, a result of a job or an entry of the catalogue."""


class SensorInputs(Inputs):
    """What is seen of particles, where a run does not say it itself."""

    windows: list[int] = Field(
        [1, 7, 21, 67], min_length=1, max_length=50, description="Odd numbers of cells."
    )
    resolution_m: float | None = Field(None, ge=1.0, le=1e5, description="Cell of the grid. [m]")
    detection_limit_um: float | None = Field(
        None, gt=0.0, le=1e6, description="Thinnest oil that is seen. [micrometre]"
    )
    density: float | None = Field(
        None, ge=600.0, le=1200.0, description="Density of the oil without its water. [kg m-3]"
    )
    coastline: Name | None = Field(
        None, description='"osm" (default), "gshhg", "none", or a stored polygon file.'
    )

    @field_validator("windows")
    @classmethod
    def _odd(cls, windows: list[int]) -> list[int]:
        from witoil.calibration.scoring import refuse_even  # loads what a start has no need of

        refuse_even(windows)
        return windows

    def seen_by(self, kind: SensorKind | None = None) -> Sensor | None:
        """Return the same for jobs; None where nothing is said, and masks are taken as they are."""
        given = (self.resolution_m, self.detection_limit_um, self.density)
        if all(each is None for each in (*given, self.coastline, kind)):
            return None
        from witoil.runs.slick import Sensor  # a server that asks nothing of runs starts sooner

        return Sensor(*given, self.coastline or "osm", kind)


class ScoreInputs(SensorInputs):
    """A slick or a run, and what it is compared with."""

    run: Name = Field(description="A mask, or a run of this service or another model.")
    observation: Name | None = Field(None, description="A slick that was seen.")
    track: Name | None = Field(None, description="Tracks of drifters, in place of a slick.")
    time: Time | None = Field(
        None, description="Time of the observation; default: as its file says."
    )
    sensor: SensorKind | None = Field(
        None, description="Kind of sensor; default: as the file of the observation or the run says."
    )

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if (self.observation is None) == (self.track is None):
            raise ValueError("expected an observation or a track, one of the two")
        return self


class CompareInputs(SensorInputs):
    """Runs that are put side by side."""

    runs: list[Name] = Field(min_length=2, max_length=20, description="Runs, of any model.")
    observations: list[Name] = Field([], max_length=50, description="Slicks that were seen.")


class ExportInputs(Inputs):
    """A run, and the format of another tool."""

    run: Name = Field(description="A run, of any model.")
    format: Literal["kmz", "gpkg", "shp", "csv", "geojson", "covjson", "zarr"] = Field(
        description="Format of Google Earth, QGIS, a spreadsheet ..."
    )
    time: Time | None = Field(None, description="The one output to write; default: all.")
    every: int = Field(1, ge=1, le=100_000, description="Write every so many outputs.")


class RasteriseInputs(Inputs):
    """A slick that was seen, and the grid that it is put on."""

    observation: Name = Field(description="A slick: outlines or a mask.")
    time: Time | None = Field(None, description="When it was seen; default: as its file says.")
    resolution_m: float = Field(150.0, ge=1.0, le=1e5, description="Cell of the grid. [m]")
    margin: int = Field(0, ge=0, le=1000, description="Cells beyond the slick on every side.")
    coastline: Name = Field("osm", description='"osm", "gshhg", "none", or a stored polygon file.')


Url = Annotated[
    str, Field(max_length=2000, pattern=r"^([Tt]hredds:|[Oo]pendap:)?[Hh][Tt][Tt][Pp][Ss]?://")
]
Word = Annotated[str, Field(min_length=1, max_length=200)]


class FetchInputs(Inputs):
    """Data sets of the registry for an area and a period; or names of data on servers."""

    names: list[Url] = Field(
        [],
        max_length=50,
        description="URLs of files, `thredds:URL#PATTERN` or `opendap:URL`, of allowed hosts.",
    )
    variables: list[Word] = Field(
        [], max_length=50, description="Variables of OPeNDAP; default: all."
    )
    roles: list[RoleName] = Field([], max_length=4, description="Which forcing of the registry.")
    dataset: Word | None = Field(None, description="Id in the registry; default: the best.")
    box: Area | None = Field(None, description="West, south, east, north. [degrees]")
    time: Span | None = Field(None, description="The period.")

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if self.names:
            if self.roles or self.dataset is not None:
                raise ValueError("names: found roles or a dataset beside it, expected one of both")
        elif self.box is None or self.time is None or not (self.roles or self.dataset):
            raise ValueError(
                "found no names; expected these, or box, time and roles (or a dataset)"
            )
        elif self.variables:
            raise ValueError("variables: expected names beside it, data of the registry are whole")
        return self


_Scalar = bool | int | float | str

Parameter = _Scalar | list[_Scalar] | None
"""What a parameter of a model may be."""


def _to_be_found(case: Any) -> Any:
    """Let the areas of a case be without a place, which a model is to find."""
    if not isinstance(case, Mapping) or not isinstance(case.get("release"), list):
        return case
    return {
        **case,
        "release": [
            {"geometry": "found", **it}
            if isinstance(it, Mapping) and it.get("kind") == "area"
            else it
            for it in case["release"]
        ],
    }


class Then(BaseModel):
    """What is done with the oil that a model has found."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    step: Literal["simulate", "trace"] = Field(description="Where it goes, or comes from.")
    case: Annotated[CheckedCase, BeforeValidator(_to_be_found)] = Field(
        description="The case; its one area has the amount, and the place is what is found."
    )
    label: Name | None = Field(
        None, description="Which of what is found is oil; default: all, where it has one label."
    )
    radius_m: float | None = Field(
        None, gt=0.0, le=1e5, description="Radius of the oil round places without an extent. [m]"
    )
    pictures: bool = Field(True, description="Draw, and write a page of what is drawn.")


class PredictInputs(Inputs):
    """A model, and files that it is run on."""

    module: str = Field(min_length=1, max_length=64, description="Name that /v2/models/ lists.")
    version: str = Field(
        min_length=1, max_length=64, description="The same; other weights have another version."
    )
    files: list[Name] = Field(
        min_length=1, max_length=1000, description="Images, rasters or sounds that are stored."
    )
    georef: dict[str, Any] | None = Field(
        None, description="Where they are: kind, and its keys; default: as a GeoTIFF says."
    )
    time: Time | None = Field(None, description="When they were taken; default: as EXIF says.")
    parameters: dict[str, Parameter] = Field(
        {},
        description="topk, abstain, conf, iou, max_det, or those of a program or a hosted module; "
        "default: its card.",
    )
    formats: list[str] = Field(
        ["json", "geojson"], min_length=1, max_length=20, description="What is written."
    )
    then: Then | None = Field(None, description="What is done with the oil that is found.")

    @field_validator("georef")
    @classmethod
    def _is_one(cls, georef: dict[str, Any] | None) -> dict[str, Any] | None:
        from witoil.plugins.georeference import georeference_of_request

        if georef is not None:
            georeference_of_request(json.dumps(georef), files=True)
        return georef

    @model_validator(mode="after")
    def _has_known_parameters(self) -> Self:
        known = _parameters_of(self.module)
        unknown = sorted({*self.parameters} - {*known})
        if unknown:
            raise ValueError(
                f"parameters: found {unknown[0]!r}, expected one of {', '.join(known) or 'none'}"
            )
        return self


class TrainInputs(Inputs):
    """A hosted module, and how it is trained."""

    module: str = Field(min_length=1, max_length=64, description="Name that /v2/models/ lists.")
    parameters: dict[str, Parameter] = Field(
        {}, description="Those that the module has for its training."
    )


def _parameters_of(module: str) -> tuple[str, ...]:
    """Return the parameters that a module has; where there is no such module, those of all."""
    from witoil.plugins.card import PARAMETERS
    from witoil.plugins.errors import PluginError
    from witoil.plugins.registry import plugin_named

    try:
        plugin = plugin_named(module)
    except PluginError:  # which the job will tell
        return PARAMETERS
    hosted = hosted_module(plugin)
    if hosted is not None:
        return tuple(hosted.names("predict"))
    return PARAMETERS if plugin.card is None else plugin.card.parameter_names


def hosted_module(plugin: Plugin) -> HostedModule | None:
    """Return the module of others that a plug-in is; None where it is of another kind."""
    from witoil.plugins.hosted.module import HostedModule

    return plugin.code if isinstance(plugin.code, HostedModule) else None
