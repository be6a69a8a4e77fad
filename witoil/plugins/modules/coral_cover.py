"""How much of the seabed corals cover, from masks that a model or a person has drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

    from witoil.plugins.envelope import Findings

_GDAL_NODATA = 42113
_EXACT = (".png", ".tif", ".tiff", ".bmp", ".gif")


class CoralCover:
    """Cover, colonies and their sizes by class."""

    card: Mapping[str, Any] = {
        "model": {
            "id": "coral-cover",
            "version": "1",
            "task": "measure",
            "title": "Cover of corals by masks: share, colonies, sizes",
            "licence_code": "Apache-2.0",
            "licence_weights": "none",
        },
        "input": {"kind": "image", "resize": "none"},
        "output": {"format": "values"},
        "geo": {"kinds": ["station", "track", "samples", "point", "none"]},
        "parameters": [
            {
                "name": "classes",
                "kind": "text",
                "description": "Values and names, as 1=Desmophyllum pertusum,2=Madrepora oculata; "
                "default: all but 0 and nodata.",
            },
            {
                "name": "nodata",
                "least": 0.0,
                "most": 255.0,
                "description": "Value of what was not seen; default: that of the file.",
            },
            {
                "name": "pixel_mm",
                "least": 0.001,
                "most": 10000.0,
                "unit": "mm",
                "description": "Side of a pixel on the seabed.",
            },
            {
                "name": "quadrats",
                "default": 1.0,
                "least": 1.0,
                "most": 100.0,
                "description": "Rows and columns of quadrats, for the error of the cover.",
            },
        ],
    }

    def predict(self, path: Path, parameters: Mapping[str, Any]) -> Findings:
        """Return a feature for each class, with what it covers."""
        import numpy as np

        from aquatic.corals import cover_of
        from witoil.plugins.envelope import Feature, Findings
        from witoil.plugins.errors import PluginError

        mask, own = read_mask(path)
        quadrats = _whole("quadrats", parameters["quadrats"])
        nodata = _whole("nodata", parameters.get("nodata", own))
        names = _names(parameters.get("classes"))
        remarks = []
        if nodata is not None and nodata == own and "nodata" not in parameters:
            remarks.append(f"{nodata}: what was not seen, as the file says")
        if nodata in names:
            raise PluginError(f"{nodata} is the class {names[nodata]} and nodata, expected one")
        if not names:
            present = [int(it) for it in np.unique(mask) if it not in (0, nodata)]
            names = {value: str(value) for value in present}
        else:
            others = {int(it) for it in np.unique(mask)} - {0, nodata, *names}
            if others:
                told = ", ".join(map(str, sorted(others)[:10]))
                remarks.append(f"{told}: values that are no class were taken as seabed")
        found = cover_of(mask, list(names), nodata=nodata, quadrats=quadrats or 1)
        pixel_mm = parameters.get("pixel_mm")
        features = []
        for value, cover in found.items():
            known = asdict(cover)
            if pixel_mm is not None:
                known["area_m2"] = cover.pixels * (pixel_mm / 1000.0) ** 2
            features.append(Feature(names[value], properties=known))
        return Findings(features, remarks=remarks)


def _whole(name: str, value: float | None) -> int | None:
    from witoil.plugins.errors import PluginError

    if value is not None and value != int(value):
        raise PluginError(f"{name}: found {value:g}, expected a whole number")
    return None if value is None else int(value)


def read_mask(path: Path) -> tuple[npt.NDArray[np.uint8], int | None]:
    """Return the values of a mask, (height, width), as they are stored, and its value of no data.

    Raises
    ------
    PluginError
        Where the file holds colours, or values that are not exact.
    """
    import numpy as np
    from PIL import Image

    from witoil.plugins.errors import PluginError
    from witoil.plugins.images import MOST_PIXELS

    if path.suffix.lower() not in _EXACT:
        raise PluginError(
            f"{path}: expected a mask as {', '.join(_EXACT)}, whose values are exact; JPEG changes "
            "them"
        )
    try:
        with Image.open(path) as image:
            if image.format == "JPEG" or image.mode not in ("1", "L", "P"):
                raise PluginError(
                    f"{path}: found a picture of the kind {image.format} {image.mode}, expected a "
                    "mask: one value from 0 to 255 for each pixel"
                )
            if image.width * image.height > MOST_PIXELS:
                raise PluginError(f"{path}: found more than {MOST_PIXELS:,} pixels")
            values = np.asarray(image).astype(np.uint8)
            nodata = _nodata_of(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, PluginError):
            raise
        raise PluginError(f"{path}: cannot be read ({error}); expected a mask") from None
    return values, nodata


def _nodata_of(image: Image) -> int | None:
    """Return the value that a file says is none: GDAL's tag of a TIFF, what is transparent."""
    from witoil.plugins.errors import PluginError

    told = str(getattr(image, "tag_v2", {}).get(_GDAL_NODATA, "")).strip("\0 ")
    clear = image.info.get("transparency")
    if isinstance(clear, bytes):  # the opacity of each colour of a palette
        values = [k for k, opacity in enumerate(clear) if opacity == 0]
    else:
        values = [clear] if isinstance(clear, int) else []
    if len(values) > 1:
        raise PluginError(
            f"{', '.join(map(str, values[:10]))} are transparent, expected one value of no data"
        )
    if told.isdecimal():  # not nan or -9999, which no byte is
        values.append(int(told))
    return next((it for it in values if it <= 255), None)


def _names(text: str | None) -> dict[int, str]:
    from witoil.plugins.errors import PluginError

    found = {}
    for part in filter(None, (text or "").split(",")):
        value, equals, name = part.partition("=")
        if not equals or not value.strip().isdecimal() or int(value) > 255 or not name.strip():
            raise PluginError(f"classes: found {part!r}, expected as 1=Madrepora oculata")
        found[int(value)] = name.strip()
    return found


plugin = CoralCover()
