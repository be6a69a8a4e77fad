"""Scenes that are made of images of single things, with annotations, to train detectors on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from witoil.files import replacing
from witoil.plugins.errors import PluginError, told_by
from witoil.plugins.images import SUFFIXES

_MOST_SCENES = 100_000


def write_diatom_scenes(
    cutouts: Path,
    folder: Path,
    *,
    scenes: int,
    each: int,
    size: tuple[int, int],
    seed: int = 0,
    form: str = "yolo",
) -> dict[str, Any]:
    """Write images with diatoms put into them, and where each is; see `aquatic.diatoms`.

    Parameters
    ----------
    cutouts : Path
        Folder of images of one valve each, or with a folder of them for each class.
    folder : Path
        Takes ``images`` and the annotations.
    scenes, each : int
        How many images, and how many valves are put into each.
    size : tuple of int
        Width and height. [pixel]
    seed : int
        The same one gives the same scenes.
    form : str
        Format of the annotations, out of those of `witoil.plugins.formats`.

    Returns
    -------
    dict
        ``scenes``, ``things`` and ``remarks``.

    Raises
    ------
    PluginError
        Where there are no cut-outs, or one has no valve.
    """
    import numpy as np
    import shapely
    from PIL import Image

    from aquatic.diatoms import make_scene
    from witoil.plugins.envelope import Feature
    from witoil.plugins.formats.scenes import Scene
    from witoil.plugins.formats.writing import ANNOTATIONS
    from witoil.plugins.modules.zooscan import read_grey

    if form not in ANNOTATIONS:
        raise PluginError(f"found the format {form!r}, expected one of {', '.join(ANNOTATIONS)}")
    if not (1 <= scenes <= _MOST_SCENES and each >= 0 and all(16 <= it <= 8192 for it in size)):
        raise PluginError(
            f"found {scenes} scenes of {size[0]} x {size[1]} pixels with {each}, expected 1 to "
            f"{_MOST_SCENES:,} scenes of 16 to 8192 pixels"
        )
    paths = [it for it in sorted(cutouts.rglob("*")) if it.suffix.lower() in SUFFIXES]
    if not paths:
        raise PluginError(f"{cutouts}: found no images, expected some of one valve each")
    labels = ["diatom" if it.parent == cutouts else it.parent.name for it in paths]
    greys = [read_grey(it)[0] for it in paths]
    (folder / "images").mkdir(parents=True, exist_ok=True)
    written = []
    for number in range(scenes):
        rng = np.random.default_rng([seed, number])
        with told_by(cutouts):
            made = make_scene(greys, each, size[::-1], rng)
        name = f"scene_{number + 1:05d}.png"
        with replacing(folder / "images" / name) as temporary:
            Image.fromarray(made.pixels).save(temporary, "PNG")
        features = [
            Feature(labels[cutout], pixel=shapely.Polygon(corners))
            for cutout, corners in zip(made.numbers, made.corners, strict=True)
        ]
        written.append(Scene(name, size[::-1], features, tuple(sorted(set(labels)))))
    told = ANNOTATIONS[form](written, folder)
    things = sum(len(it.features) for it in written)
    remarks = list(told.remarks)
    if things < scenes * each:
        remarks.append(f"{scenes * each - things} valves found no room and were left out")
    return {"scenes": scenes, "things": things, "remarks": remarks}
