"""Oil slicks in optical scenes with sunglint (Sentinel-2, Sentinel-3), by contrast in two bands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from witoil.plugins.card import Card
from witoil.plugins.errors import PluginError

if TYPE_CHECKING:
    from witoil.plugins.envelope import Findings
    from witoil.plugins.georeference import Placing

_ANGLES = ("sun_zenith_deg", "view_zenith_deg", "azimuth_deg")
_NEAR_DEG = 2.0
"""How close to where contrasts turn nothing is said."""


class SlickOptical:
    """The module of slicks in sunglint; see ``docs/slick-detection.md``."""

    card = Card.model_validate(
        {
            "model": {
                "id": "slick-optical",
                "version": "1",
                "task": "semantic-seg",
                "title": "Oil slicks in sunglint (Sentinel-2 B8A, B11; Sentinel-3 Oa17, Oa21)",
                "licence_code": "Apache-2.0",
                "licence_weights": "no weights",
            },
            "input": {"kind": "raster", "bands": ["B8A", "B11"]},
            "output": {"format": "probs"},
            "labels": [{"name": "oil", "group": "oil"}],
            "parameters": [
                {
                    "name": "sensor",
                    "kind": "text",
                    "default": "Sentinel-2",
                    "choices": ["Sentinel-2", "Sentinel-3"],
                    "description": "Whose bands.",
                },
                {
                    "name": "coastline",
                    "kind": "text",
                    "default": "osm",
                    "choices": ["osm", "gshhg", "none"],
                    "description": "Land that is left out.",
                },
                {
                    "name": "land",
                    "kind": "file",
                    "description": "Polygons of land instead of a coastline.",
                },
                {
                    "name": "wind_speed",
                    "unit": "m s-1",
                    "least": 2.0,
                    "most": 15.0,
                    "default": 5.0,
                    "description": "Wind at 10 m, for where contrasts turn.",
                },
                *(
                    {
                        "name": name,
                        "unit": "degrees",
                        "least": 0.0,
                        "most": most,
                        "description": "Of sun and sensor, all three: tells the sign of contrasts.",
                    }
                    for name, most in zip(_ANGLES, (89.0, 80.0, 360.0), strict=True)
                ),
            ],
            "geo": {"kinds": ["none"]},
        }
    )

    def predict(self, path: Path, parameters: Mapping[str, Any]) -> Findings:
        """Return what is brighter or darker than the water around; see `CodePlugin`."""
        import numpy as np
        from rasterio.features import geometry_mask

        from aquatic.slicks.optical import BANDS, find_contrasts
        from witoil.plugins.georeference import pixel_sides
        from witoil.plugins.rasters import reading

        names = BANDS[parameters["sensor"]]
        card = self.card.model_copy(
            update={"input": self.card.input.model_copy(update={"bands": names})}
        )
        sign, remark = expected_sign(parameters)
        with reading(path, card) as reader:
            placing = reader.placing
            if placing is None or placing.transform is None:
                raise PluginError(
                    f"{path}: has no map; expected a reference system and a transform"
                )
            everywhere = slice(0, reader.size[0]), slice(0, reader.size[1])
            values = np.moveaxis(reader.read(*everywhere), -1, 0).astype(np.float32)
            remarks = [*reader.remarks, *remark]
        land = _land(placing, reader.size, parameters)
        water = np.ones(reader.size, bool)
        if not land.is_empty:
            water = geometry_mask([land], reader.size, _affine(placing), all_touched=True)
        sides = pixel_sides(placing, reader.size)
        assert sides is not None  # it has a map
        found = find_contrasts((values[0], values[1]), water, sides, sign)
        return _findings(found, placing, remarks)


def expected_sign(parameters: Mapping[str, Any]) -> tuple[int | None, list[str]]:
    """Return whether slicks are brighter or darker, where angles tell it, and what to say.

    Raises
    ------
    PluginError
        Where some angles are missing, or contrasts turn just there.
    """
    from aquatic.slicks.glint import tilt_deg, turning_tilt_deg

    known = [parameters[name] for name in _ANGLES if name in parameters]
    if not known:
        return None, ["angles of sun and sensor are not given: brighter and darker count alike"]
    if len(known) < len(_ANGLES):
        raise PluginError(f"found some of {', '.join(_ANGLES)}, expected all of them or none")
    tilt, turning = tilt_deg(*known), turning_tilt_deg(parameters["wind_speed"])
    if abs(tilt - turning) < _NEAR_DEG:
        raise PluginError(
            f"the sun is mirrored by waves that lean {tilt:.1f} degrees: slicks are as bright as "
            f"water at {turning:.1f}; expected a scene further off"
        )
    sign = 1 if tilt < turning else -1
    return sign, [f"slicks are {'brighter' if sign > 0 else 'darker'} than water here"]


def _land(placing: Placing, size: tuple[int, int], parameters: Mapping[str, Any]) -> Any:
    """Return the land of a scene, in its own reference system."""
    import numpy as np
    import shapely
    from pyproj import Transformer

    from catalog.shapes.coastline import read_land

    assert placing.to_lonlat is not None  # has an affine map
    outline = shapely.segmentize(shapely.box(0.0, 0.0, size[1], size[0]), max(size) / 20.0)
    lonlat = placing.to_lonlat(shapely.get_coordinates(outline))
    (west, south), (east, north) = lonlat.min(axis=0), lonlat.max(axis=0)
    land = read_land(
        (float(west), float(south), float(east), float(north)),
        str(parameters.get("land", parameters["coastline"])),
    )
    back = Transformer.from_crs("EPSG:4326", placing.crs, always_xy=True)
    return shapely.transform(land, lambda xy: np.column_stack(back.transform(*xy.T)))


def _affine(placing: Placing) -> Any:
    import rasterio

    assert placing.transform is not None  # refused before
    return rasterio.Affine(*placing.transform)


def _findings(found: Any, placing: Placing, remarks: list[str]) -> Findings:
    import numpy as np

    from witoil.plugins.envelope import Feature, Findings, Grid
    from witoil.plugins.polygons import polygons_by_value

    features = []
    for number, outline in polygons_by_value(found.numbers):
        contrast = float(np.nanmean(found.contrast[found.numbers == number]))
        properties = {
            "contrast": round(contrast, 2),
            "contrast_sign": "brighter" if contrast > 0.0 else "darker",
            "thickness": "not told by glint",
        }
        features.append(Feature("oil", None, outline, properties=properties))
    raster = Grid("contrast", found.contrast, float("nan"))
    return Findings(features, rasters=[raster], remarks=remarks)


plugin = SlickOptical()
