"""Frames of films, one after the other; no more than one is in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from witoil.plugins.errors import PluginError
from witoil.plugins.images import MOST_PIXELS, Photo, Pixels

FILMS = (".mp4", ".mov", ".mkv", ".webm", ".avi")
MOST_FRAMES = 20_000

_ONLY = (
    # a film may name other files and addresses, which are not for whoever sent it
    *("-protocol_whitelist", "file"),
    *("-format_whitelist", "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi"),
)


@dataclass(frozen=True)
class FilmFrame:
    """A picture of a film.

    Attributes
    ----------
    number : int
        Among those that are looked at, from 0 on.
    seconds : float
        Since the start. [s]
    photo : Photo
    """

    number: int
    seconds: float
    photo: Photo


def frames(path: Path, every_seconds: float) -> Iterator[FilmFrame]:
    """Yield frames of a film, evenly spread in time.

    Parameters
    ----------
    path : Path
    every_seconds : float
        Time from one to the next. [s]

    Raises
    ------
    PluginError
        Where it is no film, has no frames, or too many.
    """
    for number, pixels, _ in _decoded(path, f"fps=1/{every_seconds!r}"):
        yield FilmFrame(number, number * every_seconds, Photo(path.name, pixels))


def frame_count(path: Path) -> int:
    """Return how many frames a film has; see `frames` for what is raised."""
    number = 0
    # what a header says of them may be wrong, and small ones are counted fast
    for number, _, _ in _decoded(path, "scale=16:16"):  # noqa: B007
        pass
    return number + 1


def chosen_frames(path: Path, numbers: Collection[int]) -> Iterator[FilmFrame]:
    """Yield frames of a film by their numbers, in the order of the film.

    Parameters
    ----------
    path : Path
    numbers : collection of int
        From 0 on, less than `frame_count`.

    Raises
    ------
    PluginError
        As by `frames`.
    """
    wanted = {*numbers}
    for number, pixels, rate in _decoded(path, "null"):
        if number in wanted:
            yield FilmFrame(number, number / rate, Photo(path.name, pixels))
            wanted.remove(number)
        if not wanted:
            return


def _decoded(path: Path, filters: str) -> Iterator[tuple[int, Pixels, float]]:
    """Yield numbers, pixels and the rate of what filters of FFmpeg make of a film. [Hz]"""
    try:
        import imageio_ffmpeg
    except ImportError:
        raise PluginError(
            "films are read by imageio-ffmpeg, which is not installed; expected it: "
            "pip install 'witoil[plugins]'"
        ) from None
    if not path.is_file():
        raise PluginError(f"{path}: is not there; expected a film")
    reader = imageio_ffmpeg.read_frames(
        str(path.resolve()), input_params=list(_ONLY), output_params=["-vf", filters]
    )
    with closing(reader):
        width, height, rate = _facts(reader, path)
        number = -1
        try:
            for number, content in enumerate(reader):
                if number == MOST_FRAMES:
                    raise PluginError(f"{path}: has more than {MOST_FRAMES:,} frames to look at")
                yield number, np.frombuffer(content, np.uint8).reshape(height, width, 3), rate
        except (OSError, RuntimeError, ValueError) as error:
            if isinstance(error, PluginError):
                raise
            raise PluginError(f"{path}: is damaged ({_last(error)}); expected a whole film") from (
                None
            )
        if number < 0:
            raise PluginError(f"{path}: has no frames; expected a film")


def _facts(reader: Any, path: Path) -> tuple[int, int, float]:
    try:
        facts = next(reader)
    except (OSError, RuntimeError, StopIteration) as error:
        raise PluginError(f"{path}: is no film that can be read ({_last(error)})") from None
    width, height = facts["size"]
    if width * height > MOST_PIXELS:
        raise PluginError(f"{path}: found {width:,} x {height:,} pixels, expected fewer")
    return int(width), int(height), float(facts["fps"]) or 1.0


def _last(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:200] if lines else type(error).__name__
