"""Annotations of other tools, read and written in another format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from witoil.plugins.errors import PluginError
from witoil.plugins.formats.biigle import read_biigle
from witoil.plugins.formats.coco import read_coco
from witoil.plugins.formats.label_studio import read_label_studio
from witoil.plugins.formats.scenes import Scene, Written
from witoil.plugins.formats.voc import read_voc
from witoil.plugins.formats.writing import ANNOTATIONS
from witoil.plugins.formats.yolo import read_yolo

READERS: Mapping[str, Callable[[Path], list[Scene]]] = {
    "coco": read_coco,
    "yolo": read_yolo,
    "voc": read_voc,
    "label-studio": read_label_studio,
    "biigle": read_biigle,
}


def read_annotations(path: Path, form: str) -> list[Scene]:
    """Return the scenes of a file, or of a folder in formats with a file for each image.

    Raises
    ------
    PluginError
        Where the format is not known, or the file is none of it.
    """
    if form not in READERS:
        raise PluginError(f"found the format {form!r}, expected one of {', '.join(READERS)}")
    if not path.exists():
        raise PluginError(f"{path}: is not there; expected annotations")
    try:
        scenes = READERS[form](path)
    except PluginError as error:
        text = str(error)
        raise PluginError(text if text.startswith(str(path)) else f"{path}: {text}") from None
    if not scenes:
        raise PluginError(f"{path}: has no annotations in the format {form}; expected some")
    return scenes


def convert(path: Path, form: str, to: str, folder: Path) -> Written:
    """Write annotations in another format.

    Raises
    ------
    PluginError
        Where they cannot be read, or the format is not known.
    """
    if to not in ANNOTATIONS:
        raise PluginError(f"found the format {to!r}, expected one of {', '.join(ANNOTATIONS)}")
    return ANNOTATIONS[to](read_annotations(path, form), folder)
