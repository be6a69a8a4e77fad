"""Pascal VOC: an XML file for each image, with boxes whose first pixel is 1 and whose last counts.

http://host.robots.ox.ac.uk/pascal/VOC/voc2012/devkit_doc.pdf
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

import shapely
from defusedxml import DefusedXmlException
from defusedxml import ElementTree as SafeTree

from witoil.files import write_bytes
from witoil.plugins.envelope import Feature
from witoil.plugins.errors import PluginError
from witoil.plugins.formats.scenes import (
    Scene,
    Written,
    is_box,
    name_without_folders,
    not_held,
    polygons_of,
    size_of,
)

FOLDER = "Annotations"


def write_voc(scenes: Sequence[Scene], folder: Path) -> Written:
    """Write ``Annotations/NAME.xml`` for each image: boxes in whole pixels, round what is none."""
    names: list[str] = []
    boxed = 0
    for scene in scenes:
        name = f"{FOLDER}/{Path(scene.file).stem}.xml"
        if name in names:
            raise PluginError(f"found two images {Path(scene.file).stem}, expected other names")
        boxed += sum(
            any(not is_box(part) for part in polygons_of(it.pixel)) for it in scene.features
        )
        root = _annotation(scene)
        ET.indent(root)
        write_bytes(folder / name, ET.tostring(root, encoding="utf-8"))
        names.append(name)
    remarks = [*not_held(scenes, "VOC"), "VOC holds boxes in whole pixels: they were rounded"]
    if boxed:
        remarks.append(f"VOC holds boxes alone: {boxed} other shapes are the boxes round them")
    return Written(names, remarks)


def read_voc(folder: Path) -> list[Scene]:
    """Return the scenes of a folder of VOC files.

    Raises
    ------
    PluginError
        Where one is no VOC.
    """
    return [_scene(path) for path in sorted(folder.glob("*.xml"))]


def _annotation(scene: Scene) -> ET.Element:
    height, width = size_of(scene)
    root = ET.Element("annotation")
    ET.SubElement(root, "filename").text = scene.file
    size = ET.SubElement(root, "size")
    for key, value in (("width", width), ("height", height), ("depth", 3)):
        ET.SubElement(size, key).text = str(value)
    for feature in scene.features:
        polygons = polygons_of(feature.pixel)
        if not polygons:
            continue
        thing = ET.SubElement(root, "object")
        ET.SubElement(thing, "name").text = feature.label
        left, top, right, bottom = (round(it) for it in shapely.MultiPolygon(polygons).bounds)
        box = ET.SubElement(thing, "bndbox")
        corners = {
            "xmin": left + 1,
            "ymin": top + 1,
            "xmax": max(right, left + 1),
            "ymax": max(bottom, top + 1),
        }
        for key, value in corners.items():
            ET.SubElement(box, key).text = str(value)
    return root


def _scene(path: Path) -> Scene:
    try:
        root = SafeTree.fromstring(path.read_bytes())
        size = int(_text(root, "size/height")), int(_text(root, "size/width"))
        features = []
        for thing in root.iterfind("object"):
            left, top, right, bottom = (
                float(_text(thing, f"bndbox/{key}")) for key in ("xmin", "ymin", "xmax", "ymax")
            )
            box = shapely.box(left - 1.0, top - 1.0, right, bottom)
            features.append(Feature(_text(thing, "name"), None, box))
        file = name_without_folders(_text(root, "filename"))
    except (OSError, ET.ParseError, DefusedXmlException, ValueError) as error:
        raise PluginError(f"{path}: is no VOC ({error}); expected size and boxes") from None
    return Scene(file, size, features)


def _text(element: ET.Element, place: str) -> str:
    text = element.findtext(place)
    if text is None:
        raise ValueError(f"has no {place}")
    return text
