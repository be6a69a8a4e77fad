"""`[forcing]` of a case file: where currents, winds, waves, temperature and land come from."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from witoil.case.parts import Paths, Section

Means = Literal["day", "instants"]
Zeros = Literal["auto", "data", "missing"]

NONE = "none"
"""What stands in the place of files for a run without currents, or without wind."""

_MEANS = "What daily values at 00:00 are, where their files do not say it."
_ZEROS = "What exact zeros of a vector are: told apart, values, or missing."


class FieldFiles(Section):
    """`{ files = ... }`: one of several products for a role, or one with keys of its own."""

    files: Paths = Field(description="NetCDF files: path, glob pattern or list.")
    means: Means | None = Field(None, description=_MEANS)
    zeros: Zeros | None = Field(None, description=_ZEROS)


def _form(value: Any) -> str:
    tables = (dict, FieldFiles)
    if isinstance(value, tables):
        return "table"
    if isinstance(value, list):
        return "tables" if value and all(isinstance(v, tables) for v in value) else "paths"
    return "path"


FieldProducts = Annotated[
    Annotated[str, Tag("path")]
    | Annotated[list[str], Tag("paths")]
    | Annotated[FieldFiles, Tag("table")]
    | Annotated[list[FieldFiles], Tag("tables")],
    Discriminator(_form),
]
"""Files of one product, or several products in order of preference."""


class Forcing(Section):
    """`[forcing]`: where currents, winds, waves, temperature and land come from."""

    currents: FieldProducts = Field(
        description='NetCDF files: path, glob pattern or list, or "none".'
    )
    winds: FieldProducts = Field(description='NetCDF files of the wind at 10 m, or "none".')
    waves: FieldProducts | None = Field(
        None, description="NetCDF files of Stokes drift, significant height and peak period."
    )
    temperature: FieldProducts | None = Field(
        None, description="NetCDF files of the temperature of the sea surface."
    )
    gap_policy: Literal["error", "hold", "interpolate"] = Field(
        "error", description="What to do where a field is missing for a while."
    )
    means: Means | None = Field(None, description=_MEANS)
    zeros: Zeros = Field("auto", description=_ZEROS)
    stokes_drift: Literal["auto", "field", "wind", "none"] = Field(
        "auto", description="auto: from waves where given, else parametrised from the wind."
    )
    coastline: str = Field("osm", description='"osm", "gshhg", "none", or a polygon file.')

    @model_validator(mode="after")
    def _something_moves(self) -> Forcing:
        if not self.products("currents") and not self.products("winds"):
            raise ValueError('currents and winds: both "none", expected files of one at least')
        return self

    def products(self, role: str) -> list[FieldFiles]:
        """Return the products of a role in order of preference, with their keys; none for none."""
        given = getattr(self, role)
        if given is None or given == NONE:
            return []
        several = given if isinstance(given, list) else [given]
        if all(isinstance(one, str) for one in several):
            several = [FieldFiles(files=given)]
        return [
            FieldFiles(
                files=one.files,
                means=one.means or self.means,
                zeros=one.zeros or self.zeros,
            )
            for one in several
        ]
