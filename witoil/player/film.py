"""A run as a film: a picture for each of its outputs."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from witoil.errors import WitoilError
from witoil.player.coast import Land
from witoil.player.stills import Stills
from witoil.runs.run import Run

HOW_TO_GET_IT = (
    "no encoder of MP4 is installed; expected it for a film: pip install 'witoil[animate]', or "
    "give --out run.gif"
)

SECONDS = 8.0
"""What a film takes, where its outputs are neither few nor many."""

SLOWEST, QUICKEST = 2.0, 12.0
"""Pictures a second."""

_COLOURS = 128


def refuse_film(path: Path) -> None:
    """Refuse a name that no film can have, or whose kind cannot be made here.

    Raises
    ------
    WitoilError
    """
    kind = path.suffix.lower()
    if kind not in _WRITERS:
        raise WitoilError(f"{path}: expected a name that ends with {' or '.join(_WRITERS)}")
    if kind == ".mp4" and importlib.util.find_spec("imageio_ffmpeg") is None:
        raise WitoilError(HOW_TO_GET_IT)


def make_film(
    run: Run,
    path: Path,
    what: str | None = None,
    *,
    land: Land | None = None,
    pictures_per_second: float | None = None,
    progress: Callable[[float, str], None] = lambda share, note: None,
) -> None:
    """Make a film of a run.

    Parameters
    ----------
    run : Run
    path : Path
        Temporary, of a name that `refuse_film` lets pass.
    what : str, optional
        As for `witoil.player.stills.Stills`.
    land : Land, optional
        Default: as the run had it, read again.
    pictures_per_second : float, optional
        Default: so that the film takes `SECONDS`, within limits.
    progress : callable
        Called with the share that is done and a note.

    Raises
    ------
    WitoilError, CatalogError
    """
    stills = Stills(run, what, land)
    count = len(stills.times)
    rate = pictures_per_second or float(np.clip(count / SECONDS, SLOWEST, QUICKEST))

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for step in range(count):
            yield stills.pixels(step)
            progress((step + 1) / count, "")

    _WRITERS[path.suffix.lower()](path, pictures(), rate)


def _write_mp4(path: Path, pictures: Iterator[NDArray[np.uint8]], rate: float) -> None:
    import imageio_ffmpeg

    first = next(pictures)
    rows, columns, _ = first.shape
    writer = imageio_ffmpeg.write_frames(
        str(path), (columns, rows), fps=rate, macro_block_size=2, quality=8
    )
    writer.send(None)
    try:
        writer.send(first)
        for picture in pictures:
            writer.send(picture)
    finally:
        writer.close()


def _write_gif(path: Path, pictures: Iterator[NDArray[np.uint8]], rate: float) -> None:
    images = (
        Image.fromarray(picture).quantize(_COLOURS, dither=Image.Dither.NONE)
        for picture in pictures
    )
    first = next(images)
    with path.open("wb") as file:
        first.save(
            file,
            "gif",
            save_all=True,
            append_images=images,
            duration=round(1000.0 / rate),
            loop=0,
        )


_WRITERS = {".mp4": _write_mp4, ".gif": _write_gif}
