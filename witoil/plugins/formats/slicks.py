"""Slicks that were found, as services that watch the sea hand them out.

Orbital EOS has a shapefile for each detection, named by date, country, origin, class, number and
satellite; STAC has an item. Both are read by `catalog.slicks.events` again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely

from witoil.files import replacing_set, write_json
from witoil.plugins.card import OIL
from witoil.plugins.envelope import Envelope, Feature
from witoil.plugins.formats.scenes import Written
from witoil.times import in_utc, second

if TYPE_CHECKING:
    from catalog.slicks.detection import Detection

_UNKNOWN_COUNTRY, _UNKNOWN_ORIGIN = "XXX", "UO"
_SIDES = (".dbf", ".prj", ".shx", ".cpg")
_DAY = "%Y%m%d-%H%M"


def write_orbital_eos(found: Sequence[Envelope], folder: Path) -> Written:
    """Write each slick of oil as a shapefile in the layout of Orbital EOS."""
    import geopandas

    kept, remarks = _slicks_of(found, "Orbital EOS")
    names = []
    for name, feature in kept:
        frame = geopandas.GeoDataFrame(
            [_attributes(name, feature)], geometry=[feature.geometry], crs="EPSG:4326"
        )
        path = folder / f"{name}.shp"
        with replacing_set(path, [f"{name}{side}" for side in _SIDES]) as temporary:
            frame.to_file(temporary / path.name)
        names.append(path.name)
    return Written(names, remarks)


def write_stac(found: Sequence[Envelope], folder: Path) -> Written:
    """Write each slick of oil as an item of STAC, ``ID.stac.json``."""
    from catalog.slicks.stac import to_item

    kept, remarks = _slicks_of(found, "STAC")
    names = []
    for name, feature in kept:
        item = to_item(_detection(name, feature), name[: len("20210824-0343")])
        file = f"{name}.stac.json"
        write_json(folder / file, item.to_dict(include_self_link=False))
        names.append(file)
    return Written(names, remarks)


def _slicks_of(
    found: Sequence[Envelope], format_name: str
) -> tuple[list[tuple[str, Feature]], list[str]]:
    """Return what is oil, on the map and of a known time, with identifiers; what was left out."""
    kept: list[tuple[str, Feature]] = []
    left = 0
    for envelope in found:
        oil = {it.name for it in envelope.card.labels if it.group == OIL}
        for feature in envelope.findings.features:
            if feature.label not in oil:
                continue
            if feature.geometry is None or feature.geometry.area == 0.0 or feature.time is None:
                left += 1
                continue
            kept.append((_identifier(feature, feature.time, len(kept) + 1), feature))
    remark = f"{format_name}: {left} slicks without an area on the map or a time were left out"
    return kept, [remark] if left else []


def _identifier(feature: Feature, time: datetime, number: int) -> str:
    """Return an identifier such as 20210824-0343-XXX-UO-B-01-S1; XXX is no country."""
    return "-".join(
        (
            in_utc(time).strftime(_DAY),
            _UNKNOWN_COUNTRY,
            _UNKNOWN_ORIGIN,
            str(feature.properties.get("quality", "B")),
            f"{number:02}",
            _satellite(feature),
        )
    )


def _satellite(feature: Feature) -> str:
    """Return the short name of a satellite: S1 of Sentinel-1A."""
    found = re.match(
        r"sentinel-(\d)", str(feature.properties.get("satellite") or ""), re.IGNORECASE
    )
    return f"S{found[1]}" if found else "SAT"


def _attributes(name: str, feature: Feature) -> dict[str, Any]:
    said = feature.properties
    assert feature.geometry is not None  # left out before
    assert feature.time is not None
    centre = feature.geometry.centroid
    return {
        "IDENTIFIER": name,
        "DATETIME": second(feature.time),
        "SATELLITE": said.get("satellite"),
        "CLASS": said.get("quality", "B"),
        "CENTR_LON": said.get("centre_lon", round(centre.x, 5)),
        "CENTR_LAT": said.get("centre_lat", round(centre.y, 5)),
        "THICKNESS": "NO",
        "AREA": said.get("area_km2"),
        "SHEEN_AREA": None,
        "THICK_AREA": None,
        "MIN_VOLUME": said.get("min_volume_m3"),
        "MAX_VOLUME": said.get("max_volume_m3"),
        "WIND_SPEED": said.get("wind_speed"),
        "WIND_DIR": None,
        "SRC_DETECT": "NO",
        "SRC_IDENT": "NO",
    }


def _detection(name: str, feature: Feature) -> Detection:
    from catalog.shapes.vector import polygons_of
    from catalog.slicks.detection import Detection
    from catalog.slicks.slick import Slick

    said = feature.properties
    least, most = said.get("min_volume_m3"), said.get("max_volume_m3")
    return Detection(
        name,
        Slick(feature.time, polygons_of([shapely.make_valid(feature.geometry)])),
        sensor=said.get("satellite"),
        quality=said.get("quality", "B"),
        cause="unknown origin",
        volume_m3=None if least is None or most is None else (float(least), float(most)),
    )
