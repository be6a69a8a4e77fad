"""What leads from an image to the tensor that a model takes, and from places in it back.

Places are counted from the outer edge: the first pixel reaches from 0 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from witoil.plugins.card import Preprocessing
from witoil.plugins.errors import PluginError
from witoil.plugins.images import Pixels

Tensor = npt.NDArray[np.float32]
Places = npt.NDArray[np.float64]

_RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "box": Image.Resampling.BOX,
}


@dataclass(frozen=True)
class Placement:
    """Where the pixels of an image are in a tensor.

    Attributes
    ----------
    scale : tuple of float
        Pixels of the tensor for one of the image, along x and y.
    offset : tuple of float
        Where the image's corner lies in the tensor. [pixel of the tensor]
    size : tuple of int
        Height and width of the image. [pixel]
    """

    scale: tuple[float, float]
    offset: tuple[float, float]
    size: tuple[int, int]

    def to_image(self, places: Places) -> Places:
        """Return places of the image, (n, 2), for those of the tensor; x first."""
        found: Places = (places - np.array(self.offset)) / np.array(self.scale)
        return found


def prepare(pixels: Pixels, how: Preprocessing) -> tuple[Tensor, Placement]:
    """Return the tensor of an image, of a batch of one, and where its pixels are.

    Parameters
    ----------
    pixels : numpy.ndarray of uint8
        (height, width, 3), RGB.
    how : Preprocessing
        Of the card.
    """
    height, width = pixels.shape[:2]
    kept = pixels[: height - how.crop_bottom]
    if not kept.size:
        raise PluginError(
            f"input.crop_bottom: found an image of {height} rows, expected more than the "
            f"{how.crop_bottom} to leave out"
        )
    if how.invert:
        kept = 255 - kept
    fitted, scale, offset = _FIT[how.resize](kept, how)
    return tensor_of(fitted, how), Placement(scale, offset, (height, width))


def tensor_of(pixels: npt.NDArray[np.uint8], how: Preprocessing) -> Tensor:
    """Return the values that a model takes of pixels, (1, channels, height, width) or NHWC."""
    if how.color == "L":
        # as Pillow does, ITU-R 601-2
        channels = np.asarray(Image.fromarray(pixels).convert("L"))[:, :, np.newaxis]
    else:
        channels = pixels[:, :, ::-1] if how.color == "BGR" else pixels
    return scaled(channels[np.newaxis], how)


def scaled(values: npt.NDArray[np.generic], how: Preprocessing) -> Tensor:
    """Return ``(x * scale - mean) / std`` of (n, height, width, channels), as the card lays it."""
    count = values.shape[-1]
    mean, std = (_for_each(part, count) for part in (how.mean, how.std))
    factor, offset = ((part / std).astype(np.float32) for part in (how.scale, mean))
    if how.layout == "NCHW" and values.ndim == 4:
        # channel by channel before anything is computed: runs in memory are as long as can be
        values = values.transpose(0, 3, 1, 2)
        factor, offset = (part[:, np.newaxis, np.newaxis] for part in (factor, offset))
    made = values.astype(np.float32, order="C")
    made *= factor
    if mean.any():
        made -= offset
    return made


def _for_each(values: tuple[float, ...], count: int) -> npt.NDArray[np.float64]:
    if len(values) not in (1, count):
        raise PluginError(
            f"input.mean, input.std: found {len(values)} numbers, expected 1 or {count}"
        )
    return np.broadcast_to(np.array(values, dtype=np.float64), (count,))


_Fitted = tuple[Pixels, tuple[float, float], tuple[float, float]]


def _stretch(pixels: Pixels, how: Preprocessing) -> _Fitted:
    height, width = _size(how)
    resized = _resized(pixels, height, width, how)
    return resized, (width / pixels.shape[1], height / pixels.shape[0]), (0.0, 0.0)


def _as_is(pixels: Pixels, how: Preprocessing) -> _Fitted:
    if how.size is not None and how.size != pixels.shape[:2]:
        raise PluginError(
            f"found an image of {pixels.shape[0]} x {pixels.shape[1]} pixels, expected "
            f"{how.size[0]} x {how.size[1]}, since its card has no resize"
        )
    return pixels, (1.0, 1.0), (0.0, 0.0)


def _letterbox(pixels: Pixels, how: Preprocessing) -> _Fitted:
    """Fit all of an image into the size, its form kept, and fill the rest on both sides."""
    height, width = _size(how)
    ratio = min(height / pixels.shape[0], width / pixels.shape[1])
    inner_height = max(1, round(pixels.shape[0] * ratio))
    inner_width = max(1, round(pixels.shape[1] * ratio))
    top, left = round((height - inner_height) / 2 - 0.1), round((width - inner_width) / 2 - 0.1)
    made = np.full((height, width, 3), round(how.pad_value), dtype=np.uint8)
    inner = _resized(pixels, inner_height, inner_width, how)
    made[top : top + inner_height, left : left + inner_width] = inner
    scale = (inner_width / pixels.shape[1], inner_height / pixels.shape[0])
    return made, scale, (float(left), float(top))


def _centre_crop(pixels: Pixels, how: Preprocessing) -> _Fitted:
    """Fit the short side of an image, and take the middle of the long one."""
    height, width = _size(how)
    least_height, least_width = (max(side, how.short_side or 0) for side in (height, width))
    rows, columns = pixels.shape[:2]
    # whole numbers, cut off as torchvision's Resize does
    if least_height * columns >= least_width * rows:
        full_height = least_height
        full_width = max(least_width, least_height * columns // rows)
    else:
        full_width = least_width
        full_height = max(least_height, least_width * rows // columns)
    top, left = (full_height - height) // 2, (full_width - width) // 2
    full = _resized(pixels, full_height, full_width, how)
    cropped = full[top : top + height, left : left + width]
    scale = (full_width / pixels.shape[1], full_height / pixels.shape[0])
    return cropped, scale, (-float(left), -float(top))


def _square_pad(pixels: Pixels, how: Preprocessing) -> _Fitted:
    """Put an image into the middle of a square, and stretch that to the size."""
    side = max(pixels.shape[:2])
    top, left = (side - pixels.shape[0]) // 2, (side - pixels.shape[1]) // 2
    square = np.full((side, side, 3), round(how.pad_value), dtype=np.uint8)
    square[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
    height, width = _size(how)
    scale = (width / side, height / side)
    return _resized(square, height, width, how), scale, (left * scale[0], top * scale[1])


_FIT = {
    "stretch": _stretch,
    "none": _as_is,
    "letterbox": _letterbox,
    "short-side-centre-crop": _centre_crop,
    "square-pad": _square_pad,
}


def _size(how: Preprocessing) -> tuple[int, int]:
    assert how.size is not None  # the card was checked
    return how.size


def _resized(pixels: Pixels, height: int, width: int, how: Preprocessing) -> Pixels:
    if pixels.shape[:2] == (height, width):
        return pixels
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(image.resize((width, height), _RESAMPLING[how.interpolation]))
