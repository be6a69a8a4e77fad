"""Depth of clear shallow water in a scene, calibrated by soundings."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from witoil.plugins.card import Card
from witoil.plugins.errors import PluginError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from aquatic.bathymetry import Calibration
    from witoil.plugins.envelope import Feature, Findings
    from witoil.plugins.rasters import Reader

_ROWS = 256
_LEAST_REFLECTANCE, _MOST_REFLECTANCE = -0.05, 1.5
_WORTHLESS = 0.9
"""Error of a law, of the scatter of depths, from which on it tells nothing."""

_LEAST_OFFSET = 0.08
"""Reflectance of the darkest water from which on it is an offset, as Sentinel-2's of 0.1."""

_BEYOND = 0.1
"""Share of the range of the soundings by which depths may lie beyond it."""


class SatelliteBathymetry:
    """Depths by the laws of `aquatic.bathymetry`."""

    card = Card.model_validate(
        {
            "model": {
                "id": "satellite-bathymetry",
                "version": "1",
                "task": "raster-regress",
                "title": "Depth of clear shallow water from blue and green (Stumpf, log-linear)",
                "licence_code": "Apache-2.0",
                "licence_weights": "no weights",
                "doi": "10.4319/lo.2003.48.1_part_2.0547",
            },
            "input": {"kind": "raster", "bands": ["blue", "green"]},
            "output": {"format": "values", "unit": "m"},
            "parameters": [
                {
                    "name": "soundings",
                    "kind": "file",
                    "description": "Table with lon, lat and depth_m, or points with depth_m.",
                },
                {
                    "name": "law",
                    "kind": "text",
                    "default": "ratio",
                    "choices": ["ratio", "log-linear"],
                    "description": "Ratio of logarithms, or sum of them.",
                },
                {
                    "name": "constant_m",
                    "unit": "m",
                    "description": "Of a law calibrated before, in the place of soundings.",
                },
                {"name": "first_m", "unit": "m", "description": "Of its first term."},
                {"name": "second_m", "unit": "m", "description": "Of its second term."},
                {
                    "name": "shallowest_m",
                    "unit": "m",
                    "description": "Of its soundings, below the surface.",
                },
                {"name": "deepest_m", "unit": "m", "description": "Of its soundings."},
                {
                    "name": "tide_m",
                    "unit": "m",
                    "default": 0.0,
                    "least": -20.0,
                    "most": 20.0,
                    "description": "Level of the sea in the scene above the soundings' datum.",
                },
                {
                    "name": "scale",
                    "default": 1.0,
                    "least": 1e-9,
                    "most": 1.0,
                    "description": "From the values of the file to reflectances.",
                },
                {
                    "name": "deep_blue",
                    "least": 0.0,
                    "most": 1.0,
                    "description": "Reflectance of deep water, for log-linear; default: the "
                    "darkest thousandth of the scene.",
                },
                {"name": "deep_green", "least": 0.0, "most": 1.0},
            ],
            "geo": {"kinds": ["none"]},
        }
    )

    def predict(self, path: Path, parameters: Mapping[str, Any]) -> Findings:
        """Return the depths of a scene, and of each sounding how far they are from it.

        Raises
        ------
        PluginError, AquaticError
            Where the scene has no reflectances, or neither soundings nor numbers are given.
        """
        from witoil.plugins.envelope import Findings, Grid
        from witoil.plugins.rasters import reading

        with reading(path, self.card) as reader:
            scene = _Scene(reader, path, parameters)
            soundings: list[Feature] = []
            if {"soundings", "constant_m"} <= {*parameters}:
                raise PluginError(
                    "found soundings and constant_m, expected either soundings or the numbers of a "
                    "calibration before"
                )
            if "soundings" in parameters:
                law, soundings = scene.calibrated(parameters["soundings"])
            else:
                law = _given(parameters)
            values = scene.depths(law)
        raster = Grid("depth", values, float("nan"), unit="m")
        remarks = [*reader.remarks, *scene.remarks, *_words(law)]
        return Findings(soundings, rasters=[raster], remarks=remarks)


class _Scene:
    """A raster of blue and green, by parts.

    Parameters
    ----------
    reader : Reader
    path : Path
    parameters : mapping
    """

    def __init__(self, reader: Reader, path: Path, parameters: Mapping[str, Any]) -> None:
        import numpy as np

        self._reader, self._path, self._parameters = reader, path, parameters
        self.remarks: list[str] = []
        sample = np.concatenate(
            [
                part[::8, ::8].reshape(-1, 2)
                for _, part in self._parts(self._reader.size[0] // 8, most=math.inf)
            ]
        )
        known = sample[np.isfinite(sample).all(axis=1)]
        if not len(known):
            raise PluginError(f"{path}: found no values, expected reflectances of blue and green")
        if np.median(known) > _MOST_REFLECTANCE:
            raise PluginError(
                f"{path}: found values of {np.median(known):.4g}, expected reflectances of 0 to 1; "
                "--set scale=0.0001 makes them of ten-thousandths"
            )
        known = known[(known <= _MOST_REFLECTANCE).all(axis=1)]
        darkest = np.quantile(known, 0.001, axis=0)
        if darkest.min() > _LEAST_OFFSET:
            self.remarks.append(
                f"the darkest reflectances are {darkest[0]:.3f} and {darkest[1]:.3f}, far above "
                "those of water: is an offset left (Sentinel-2 from baseline 04.00 on: -0.1)?"
            )
        self._deep = self._deep_water(darkest)

    def calibrated(self, soundings: Path) -> tuple[Calibration, list[Feature]]:
        """Return the law that soundings give, and these, with what it makes of each."""
        import numpy as np
        import shapely

        from aquatic.bathymetry import calibrate, depths
        from witoil.plugins.envelope import Feature
        from witoil.plugins.soundings import read_soundings

        lonlat, known_m = read_soundings(soundings)
        rows, columns, inside = self._pixels(lonlat)
        if not inside.any():
            raise PluginError(
                f"{soundings}: all {len(known_m)} soundings lie outside {self._path.name}, "
                "expected some within; check lon and lat, and their order"
            )
        if not inside.all():
            self.remarks.append(
                f"{int((~inside).sum())} of {len(inside)} soundings lie outside the image and were "
                "left out"
            )
        dry = known_m + self._parameters["tide_m"] < 0.0
        if (dry & inside).any():
            self.remarks.append(
                f"{int((dry & inside).sum())} soundings lie above the water of the scene and were "
                "left out; depth_m is positive downwards"
            )
            inside &= ~dry
        rows, columns, known_m = rows[inside], columns[inside], known_m[inside]
        colours, depth_m = self._by_pixel(rows, columns, known_m + self._parameters["tide_m"])
        law = calibrate(colours, depth_m, self._parameters["law"], self._deep)
        found_m = depths(self._at(rows, columns), law) - self._parameters["tide_m"]
        features = [
            Feature(
                "sounding",
                None,
                shapely.Point(column + 0.5, row + 0.5),
                properties={"depth_m": float(depth), "estimated_m": _number(estimate)},
            )
            for row, column, depth, estimate in zip(rows, columns, known_m, found_m, strict=True)
        ]
        unseen = int(np.isnan(found_m).sum())
        if unseen:
            self.remarks.append(f"{unseen} soundings lie where the scene has no water that is seen")
        return law, features

    def depths(self, law: Calibration) -> npt.NDArray[np.float32]:
        """Return the depth of each pixel; NaN where it would be far beyond the soundings. [m]."""
        import numpy as np

        from aquatic.bathymetry import depths

        tide_m = self._parameters["tide_m"]
        is_ranged = np.isfinite(law.deepest_m)
        margin = _BEYOND * (law.deepest_m - law.shallowest_m) if is_ranged else 0.0
        found = np.full(self._reader.size, np.nan, dtype=np.float32)
        beyond = 0
        for top, part in self._parts(_ROWS):
            values = depths(part, law)
            outside = (values < law.shallowest_m - margin) | (values > law.deepest_m + margin)
            beyond += int(outside.sum())
            found[top : top + len(part)] = np.where(outside, np.nan, values - tide_m)
        if beyond and not is_ranged:
            self.remarks.append(f"{beyond:,} pixels would be above the water, and are empty")
        elif beyond:
            self.remarks.append(
                f"{beyond:,} pixels would be deeper or shallower than the soundings by more than a "
                "tenth of their range, and are empty"
            )
        return found

    def _parts(
        self, height: int, most: float = _MOST_REFLECTANCE
    ) -> Iterator[tuple[int, npt.NDArray[np.float64]]]:
        """Yield parts of the scene, NaN where values are none of water, whatever the file says."""
        import numpy as np

        rows, columns = self._reader.size
        height = max(height, 1)
        for top in range(0, rows, height):
            part = self._reader.read(slice(top, min(top + height, rows)), slice(0, columns))
            values = part * self._parameters["scale"]
            is_fill = (values < _LEAST_REFLECTANCE).any(axis=-1) | (values > most).any(axis=-1)
            is_fill |= (values == 0.0).all(axis=-1)
            yield top, np.where(is_fill[..., np.newaxis], np.nan, values)

    def _deep_water(self, darkest: npt.NDArray[np.float64]) -> tuple[float, float] | None:
        if self._parameters["law"] == "ratio":
            return None
        if {"deep_blue", "deep_green"} <= {*self._parameters}:
            return self._parameters["deep_blue"], self._parameters["deep_green"]
        blue, green = darkest
        self.remarks.append(
            f"deep water was taken to be the darkest of the scene, {blue:.4f} and {green:.4f}"
        )
        return float(blue), float(green)

    def _pixels(self, lonlat: npt.NDArray[np.float64]) -> tuple[Any, Any, Any]:
        """Return rows and columns of places, and which of them are within."""
        import numpy as np
        import pyproj
        from rasterio import Affine

        placing = self._reader.placing
        if placing is None or placing.transform is None or placing.crs is None:
            raise PluginError(f"{self._path}: is on no map, expected one to find soundings in it")
        to_map = pyproj.Transformer.from_crs("EPSG:4326", placing.crs, always_xy=True)
        x, y = to_map.transform(lonlat[:, 0], lonlat[:, 1])
        a, b, c, d, e, f = (~Affine(*placing.transform))[:6]
        height, width = self._reader.size
        rows, columns = np.zeros((2, len(x)), dtype=int)
        inside = np.zeros(len(x), dtype=bool)
        # degrees may be counted from -180 or from 0
        for turn in (0.0, 360.0, -360.0) if pyproj.CRS(placing.crs).is_geographic else (0.0,):
            across, down = a * (x + turn) + b * y + c, d * (x + turn) + e * y + f
            within = (down >= 0) & (down < height) & (across >= 0) & (across < width)
            rows[within], columns[within] = down[within], across[within]
            inside |= within
        return rows, columns, inside

    def _at(self, rows: Any, columns: Any) -> npt.NDArray[np.float64]:
        import numpy as np

        found = np.full((len(rows), 2), np.nan)
        for top, part in self._parts(_ROWS):
            within = (rows >= top) & (rows < top + len(part))
            found[within] = part[rows[within] - top, columns[within]]
        return found

    def _by_pixel(self, rows: Any, columns: Any, depth_m: Any) -> tuple[Any, Any]:
        """Return colour and mean depth of each pixel with soundings: one colour counts once."""
        import numpy as np

        places, of = np.unique(rows * self._reader.size[1] + columns, return_inverse=True)
        counts = np.bincount(of)
        if len(places) < len(rows):
            self.remarks.append(f"{len(rows)} soundings lie in {len(places)} pixels: means of each")
        at = np.divmod(places, self._reader.size[1])
        return self._at(*at), np.bincount(of, weights=depth_m) / counts


def _number(value: float) -> float | None:
    return None if value != value else float(value)


def _given(parameters: Mapping[str, Any]) -> Calibration:
    """Return the law of numbers that were given."""
    from aquatic.bathymetry import Calibration

    names = ["constant_m", "first_m"] + ["second_m"] * (parameters["law"] == "log-linear")
    missing = [name for name in names if name not in parameters]
    if missing:
        raise PluginError(
            f"found neither soundings nor {missing[0]}, expected --set soundings=FILE, or all of "
            f"{', '.join(names)} of a calibration before"
        )
    deep = tuple(parameters.get(name, 0.0) for name in ("deep_blue", "deep_green"))
    if parameters["law"] == "log-linear" and not all(deep):
        raise PluginError("deep_blue, deep_green: found none, expected those of the calibration")
    numbers = tuple(parameters[name] for name in names)
    least, most = parameters.get("shallowest_m", 0.0), parameters.get("deepest_m", math.inf)
    if not least < most:
        raise PluginError(f"deepest_m: found {most:g}, expected more than shallowest_m={least:g}")
    return Calibration(parameters["law"], numbers, deep, 0, float("nan"), least, most)


def _words(law: Calibration) -> list[str]:
    names = ("constant_m", "first_m", "second_m")
    values = [f"{name}={value:.9g}" for name, value in zip(names, law.coefficients, strict=False)]
    if law.law == "log-linear":
        values += [f"deep_blue={law.deep[0]:.9g}", f"deep_green={law.deep[1]:.9g}"]
    if law.deepest_m < math.inf:
        values += [f"shallowest_m={law.shallowest_m:.6g}", f"deepest_m={law.deepest_m:.6g}"]
    numbers = " ".join(f"--set {it}" for it in (f"law={law.law}", *values))
    if not law.soundings:
        unknown = "; deepest_m of its soundings is not given: depths beyond them are guesses"
        return [f"calibrated before: {numbers}{'' if law.deepest_m < float('inf') else unknown}"]
    error = (
        "not known, soundings are too few" if law.rmse_m != law.rmse_m else f"{law.rmse_m:.2f} m"
    )
    worthless = (
        [
            f"depths scatter by {law.scatter_m:.2f} m about their mean: the law tells no more than "
            "that; look at the places, the unit and the bands"
        ]
        if law.rmse_m > _WORTHLESS * law.scatter_m
        else []
    )
    return [
        f"by {law.soundings} pixels with soundings of {law.shallowest_m:.1f} to "
        f"{law.deepest_m:.1f} m below the surface: {numbers}",
        f"error of soundings left out of the fit: {error}; over another bottom than theirs it is "
        "larger",
        *worthless,
    ]


plugin = SatelliteBathymetry()
