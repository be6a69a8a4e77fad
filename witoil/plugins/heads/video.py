"""How good a film is to look at, by models that see some clips of it in several views.

The views are those of DOVER (Wu et al. 2023, Exploring Video Quality Assessment on User Generated
Contents from Aesthetic and Technical Perspectives, ICCV, doi:10.1109/ICCV51070.2023.01843): frames
as a whole, and squares out of them at their own resolution (Wu et al. 2022, FAST-VQA, ECCV,
doi:10.1007/978-3-031-20068-7_31). Where those draw by chance, the middle is taken here, so that a
film has one score.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from witoil.plugins.card import Card, Preprocessing, View
from witoil.plugins.envelope import Feature, Findings, Series
from witoil.plugins.errors import PluginError
from witoil.plugins.films import FILMS, chosen_frames, frame_count
from witoil.plugins.images import Pixels
from witoil.plugins.preparation import Tensor, scaled
from witoil.plugins.running import Run


def score_film(run: Run, card: Card, path: Path) -> Findings:
    """Return the quality of a film, 0 to 1, with the score of each view; by clips as a series.

    Raises
    ------
    PluginError
        Where it is no film, or the model gives other than a score or one for each clip.
    """
    if path.suffix.lower() not in FILMS:
        raise PluginError(f"{path}: is no film; expected one of {', '.join(FILMS)}")
    count = frame_count(path)
    numbers = {view.name: frame_numbers(view, count) for view in card.views}
    feed, seconds = _clips(card, path, numbers)
    found = dict(zip((view.output for view in card.views), run(feed), strict=True))
    properties: dict[str, Any] = {}
    series = []
    fused = 0.0
    for view in card.views:
        values = found[view.output].ravel()
        if values.size not in (1, view.clips):
            raise PluginError(
                f"{card.model.id}: {view.output}: the model put out {values.size} scores for "
                f"{view.clips} clips, expected one, or one for each"
            )
        score = float(values.mean(dtype=np.float64))
        fused += view.weight * (score - view.mean) / view.std
        properties[view.name] = score
        if values.size > 1:
            starts = [seconds[int(clip[0])] for clip in numbers[view.name]]
            series.append(Series(view.name, values.tolist(), seconds=starts))
    return Findings([Feature(None, _sigmoid(fused), properties=properties)], series)


def frame_numbers(view: View, count: int) -> npt.NDArray[np.int64]:
    """Return which frames a view has, (clips, frames); a film that is too short begins anew.

    Parameters
    ----------
    view : View
    count : int
        Number of frames of the film.
    """
    if view.interval is None:
        total = view.clips * view.frames
        spread = (2 * np.arange(total) + 1) * count // (2 * total)
        return spread.reshape(view.clips, view.frames)
    part = count // view.clips
    before = max(0, (part - view.frames * view.interval) // 2)
    starts = part * np.arange(view.clips) + before
    numbers: npt.NDArray[np.int64] = starts[:, np.newaxis] + view.interval * np.arange(view.frames)
    return numbers % count


def _clips(
    card: Card, path: Path, numbers: dict[str, npt.NDArray[np.int64]]
) -> tuple[dict[str, Tensor], dict[int, float]]:
    """Return the tensors of all views, and when each of their frames is shown. [s]"""
    height, width = card.input.size or (0, 0)
    made = {
        view.name: np.zeros((*numbers[view.name].shape, height, width, 3), np.uint8)
        for view in card.views
    }
    seconds: dict[int, float] = {}
    wanted = {int(number) for each in numbers.values() for number in each.flat}
    for frame in chosen_frames(path, wanted):  # one at a time: a film does not fit into memory
        seconds[frame.number] = frame.seconds
        for view in card.views:
            at = numbers[view.name] == frame.number
            if at.any():
                made[view.name][at] = shown(frame.photo.pixels, view, card.input)
    if len(seconds) < len(wanted):
        raise PluginError(f"{path}: has other frames when it is read again; expected a whole film")
    return {view.input: _tensor(made[view.name], card.input) for view in card.views}, seconds


def shown(pixels: Pixels, view: View, how: Preprocessing) -> Pixels:
    """Return what a view has of a frame, (height, width, 3) of the card."""
    height, width = how.size or (0, 0)
    if view.sampling == "stretch":
        return _resized(pixels, height, width)
    rows, columns = height // view.fragments, width // view.fragments
    # frames that are too small for squares beside each other are enlarged, their form kept
    ratio = min(pixels.shape[0] / height, pixels.shape[1] / width)
    if ratio < 1.0:
        tall, wide = (math.ceil(length / ratio) for length in pixels.shape[:2])
        pixels = _resized(pixels, max(tall, height), max(wide, width))
    made = np.empty((height, width, 3), np.uint8)
    for i in range(view.fragments):
        top = _middle(i, pixels.shape[0], view.fragments, rows)
        for k in range(view.fragments):
            left = _middle(k, pixels.shape[1], view.fragments, columns)
            made[i * rows : (i + 1) * rows, k * columns : (k + 1) * columns] = pixels[
                top : top + rows, left : left + columns
            ]
    return made


def _middle(k: int, length: int, parts: int, side: int) -> int:
    """Return where a square begins that lies in the middle of a part. [pixel]"""
    part = length // parts
    return part * k + (part - side) // 2


def _resized(pixels: Pixels, height: int, width: int) -> Pixels:
    if pixels.shape[:2] == (height, width):
        return pixels
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))


def _tensor(frames: npt.NDArray[np.uint8], how: Preprocessing) -> Tensor:
    """Return (clips, 3, frames, height, width), or channels last, as the card lays it."""
    clips, count, height, width, _ = frames.shape
    values = scaled(frames.reshape(clips * count, height, width, 3), how)
    by_clips = values.reshape(clips, count, *values.shape[1:])
    if how.layout == "NCHW":
        by_clips = np.ascontiguousarray(by_clips.transpose(0, 2, 1, 3, 4))
    return by_clips


def _sigmoid(value: float) -> float:
    return 0.5 * (1.0 + math.tanh(0.5 * value))
