"""Wave run-up of a timestack: the waterline in time, its statistics, and what Stockdon expects."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from witoil.plugins.card import Card
from witoil.plugins.csv_tables import numbers, read_columns
from witoil.plugins.errors import PluginError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from aquatic.runup import RunUp
    from witoil.plugins.envelope import Findings

_MOST_BEYOND = 0.01
"""Share of the rows that may reach beyond the profile."""


class WaveRunUp:
    """The waterline of `aquatic.runup`, in heights."""

    card = Card.model_validate(
        {
            "model": {
                "id": "wave-runup",
                "version": "1",
                "task": "row-sequence",
                "title": "Wave run-up of a timestack, a row for each moment",
                "licence_code": "Apache-2.0",
                "licence_weights": "no weights",
                "doi": "10.1016/j.coastaleng.2005.12.005",
            },
            "input": {"kind": "image", "resize": "none"},
            "output": {"format": "probs", "labels": ["run-up"], "unit": "m"},
            "parameters": [
                {
                    "name": "seconds",
                    "unit": "s",
                    "least": 0.01,
                    "most": 10.0,
                    "description": "From one row to the next; needed.",
                },
                {
                    "name": "profile",
                    "kind": "file",
                    "description": "Table of the beach: pixel (from the left) and height_m.",
                },
                {
                    "name": "pixel_m",
                    "unit": "m",
                    "least": 1e-4,
                    "most": 100.0,
                    "description": "Length of a pixel along the beach, without a profile.",
                },
                {
                    "name": "slope",
                    "least": 0.001,
                    "most": 1.0,
                    "description": "Of the beach face, rise over run.",
                },
                {
                    "name": "level_m",
                    "unit": "m",
                    "default": 0.0,
                    "description": "Still water in the heights of the profile.",
                },
                {
                    "name": "land",
                    "kind": "text",
                    "choices": ["left", "right"],
                    "description": "Side of the land; default: the side with less water.",
                },
                {
                    "name": "wave_height_m",
                    "unit": "m",
                    "least": 0.01,
                    "most": 30.0,
                    "description": "Significant height in deep water, for what is expected.",
                },
                {"name": "wave_period_s", "unit": "s", "least": 1.0, "most": 40.0},
            ],
            "geo": {"kinds": ["station", "point", "none"]},
        }
    )

    def predict(self, path: Path, parameters: Mapping[str, Any]) -> Findings:
        """Return the waterline of a timestack and its statistics.

        Raises
        ------
        PluginError, AquaticError
            Where it is no timestack, or what makes heights of pixels is missing.
        """
        import numpy as np
        import shapely

        from aquatic.runup import statistics, swash_edge
        from witoil.plugins.envelope import Feature, Findings, Series
        from witoil.plugins.rasters import read_whole

        if "seconds" not in parameters:
            raise PluginError("seconds: found none, expected --set seconds=.. from row to row")
        photo = read_whole(path, self.card)
        edge, land = swash_edge(photo.pixels, parameters.get("land"))
        heights_m, remarks = _heights(edge, land, parameters)
        found = statistics(heights_m, parameters["seconds"])
        known = np.isfinite(edge)
        rows = np.flatnonzero(known) + 0.5
        line = shapely.LineString(np.column_stack([edge[known], rows]))
        feature = Feature("run-up", None, line, properties=_numbers(found) | _expected(parameters))
        clock = parameters["seconds"] * np.arange(len(edge))
        series = Series(
            "waterline", heights_m[known].tolist(), "m", [float(it) for it in clock[known]]
        )
        lost = int((~known).sum())
        remarks += [f"{lost} rows have no border of land and water"] if lost else []
        return Findings([feature], [series], remarks=[*photo.remarks, *remarks])


def _heights(
    edge: npt.NDArray[np.float64], land: str, parameters: Mapping[str, Any]
) -> tuple[npt.NDArray[np.float64], list[str]]:
    """Return the height of the waterline above still water, and what is to be said of it. [m]."""
    import numpy as np

    if "profile" in parameters:
        pixels, known_m = _profile(parameters["profile"])
        heights = np.interp(edge, pixels, known_m, left=np.nan, right=np.nan)
        beyond = int((np.isfinite(edge) & np.isnan(heights)).sum())
        if beyond > _MOST_BEYOND * np.isfinite(edge).sum():
            raise PluginError(
                f"{parameters['profile']}: {beyond} rows reach beyond pixels {pixels[0]:g} to "
                f"{pixels[-1]:g}, so that the highest or lowest are not known; expected a profile "
                f"of {np.nanmin(edge):.0f} to {np.nanmax(edge):.0f}"
            )
        said = [f"{beyond} rows reach beyond the profile and have no height"] if beyond else []
        return heights - parameters["level_m"], said
    missing = [name for name in ("pixel_m", "slope") if name not in parameters]
    if missing:
        raise PluginError(
            f"{missing[0]}: found none, expected --set profile=FILE, or pixel_m and slope"
        )
    uphill = -1.0 if land == "left" else 1.0
    heights = uphill * edge * parameters["pixel_m"] * parameters["slope"]
    said = ["no profile: heights are above the mean waterline, so that the set-up is left out"]
    return heights - np.nanmean(heights), said


def _profile(path: Path) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return pixels, ascending, and heights of a table."""
    import numpy as np

    names = ("pixel", "height_m")
    table = read_columns(path, names)
    pixels, heights = (numbers(path, name, table[name]) for name in names)
    order = np.argsort(pixels)
    pixels, heights = pixels[order], heights[order]
    if len(pixels) < 2 or not np.isfinite([*pixels, *heights]).all() or not np.diff(pixels).all():
        raise PluginError(f"{path}: expected two heights at least, each pixel once")
    return pixels, heights


def _numbers(found: RunUp, prefix: str = "") -> dict[str, float]:
    numbers: dict[str, float] = {
        f"{prefix}r2_m": found.two_percent_m,
        f"{prefix}setup_m": found.setup_m,
        f"{prefix}swash_m": found.swash_m,
        f"{prefix}incident_m": found.incident_m,
        f"{prefix}infragravity_m": found.infragravity_m,
    }
    return numbers | ({"maxima": found.maxima} if not prefix else {})


def _expected(parameters: Mapping[str, Any]) -> dict[str, float]:
    """Return what the waves let expect, where they are given."""
    from aquatic.runup import expected

    waves = [parameters.get(name, math.nan) for name in ("wave_height_m", "wave_period_s")]
    if all(math.isnan(it) for it in waves):
        return {}
    if any(math.isnan(it) for it in waves) or "slope" not in parameters:
        raise PluginError("expected wave_height_m, wave_period_s and slope together")
    return _numbers(expected(waves[0], waves[1], parameters["slope"]), "stockdon_")


plugin = WaveRunUp()
