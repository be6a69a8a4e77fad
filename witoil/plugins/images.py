"""Images as they come from cameras, made plain: upright, three channels of bytes, no surprise kept.

What was done to an image is said in its remarks; what would be a guess is refused.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from witoil.plugins.errors import PluginError

MOST_PIXELS = 150_000_000
"""Size of an image that is taken as a whole, at most."""

SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff")
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF")
TURNED = "was turned upright as EXIF says; pixels count in the upright image"
"""What is said of an image that was."""

_ORIENTATION = ExifTags.Base.Orientation

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Photo:
    """An image in memory.

    Attributes
    ----------
    name : str
    pixels : numpy.ndarray of uint8
        (height, width, 3), RGB.
    opaque : numpy.ndarray of bool or None
        (height, width), False where the image is transparent. None: nowhere.
    exif : dict
        Tag -> value, of the base and of GPS.
    remarks : tuple of str
        What was done to make it plain.
    """

    name: str
    pixels: Pixels
    opaque: npt.NDArray[np.bool_] | None = None
    exif: dict[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Height and width. [pixel]."""
        return self.pixels.shape[0], self.pixels.shape[1]


def read_photo(path: Path) -> Photo:
    """Return the image of a file.

    Raises
    ------
    PluginError
        Where it is damaged, too large, none, or of values that are not those of a picture.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the size is looked at below
            with Image.open(path, formats=_FORMATS) as image:
                return _plain(image, path)
    except PluginError:
        raise
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise PluginError(f"{path}: {error.strerror}; expected an image") from None
    except UnidentifiedImageError:
        raise PluginError(
            f"{path}: is no image that is known; expected {', '.join(_FORMATS)}"
        ) from None
    except Image.DecompressionBombError:
        raise PluginError(_too_large(path, "far more")) from None
    except MemoryError:
        raise PluginError(
            f"{path}: needs more memory than there is; expected a smaller image"
        ) from None
    except (OSError, ValueError, SyntaxError, EOFError, IndexError) as error:
        text = " ".join(str(error).split()) or type(error).__name__
        raise PluginError(f"{path}: is damaged ({text}); expected a whole image") from None


def _too_large(path: Path, pixels: str) -> str:
    return f"{path}: found {pixels} pixels, expected {MOST_PIXELS:,} at most"


def _plain(image: Image.Image, path: Path) -> Photo:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise PluginError(_too_large(path, f"{width:,} x {height:,}"))
    remarks = []
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":  # of a phone: the others are previews
        remarks.append(f"has {frames} frames: the first was taken")
    image.load()
    exif = _exif(image)
    if image.getexif().get(_ORIENTATION, 1) != 1:
        remarks.append(TURNED)
    ImageOps.exif_transpose(image, in_place=True)
    bytewise = _in_bytes(image, path, remarks)
    opaque = _opacity(bytewise, remarks)
    # no copy more than is needed: photos have tens of millions of pixels
    pixels = np.asarray(bytewise if bytewise.mode == "RGB" else bytewise.convert("RGB"))
    if opaque is not None:
        pixels = np.where(opaque[:, :, np.newaxis], pixels, np.uint8(0))
    return Photo(str(path.name), pixels, opaque, exif, tuple(remarks))


def _in_bytes(image: Image.Image, path: Path, remarks: list[str]) -> Image.Image:
    """Return an image of one byte a channel, alpha kept."""
    if image.mode.startswith("I;16"):
        values = np.asarray(image).astype(np.uint16)
        remarks.append("has 16 bits: the upper 8 were taken")
        return Image.fromarray((values >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        values = np.asarray(image)
        if image.mode == "I" and values.min() >= 0 and values.max() <= 65535:
            remarks.append("has 16 bits: the upper 8 were taken")
            return Image.fromarray((values >> 8).astype(np.uint8))
        raise PluginError(
            f"{path}: holds numbers of 32 bits (mode {image.mode}), expected a picture of 8 or 16 "
            "bits a channel"
        )
    if image.mode == "P" or image.mode == "PA":
        has_alpha = "transparency" in image.info or image.mode == "PA"
        return image.convert("RGBA" if has_alpha else "RGB")
    if image.mode == "CMYK":
        remarks.append("was turned from CMYK to RGB without a colour profile")
        return image.convert("RGB")
    if "transparency" in image.info or image.mode in ("LA", "La", "RGBa"):
        return image.convert("RGBA")
    if image.mode not in ("1", "L", "RGB", "RGBA", "RGBX", "YCbCr"):
        raise PluginError(f"{path}: has colours of the kind {image.mode}, expected RGB or grey")
    return image


def _opacity(image: Image.Image, remarks: list[str]) -> npt.NDArray[np.bool_] | None:
    if image.mode != "RGBA":
        return None
    alpha = np.asarray(image.getchannel("A"))
    if (alpha == 255).all():
        return None
    opaque: npt.NDArray[np.bool_] = alpha > 0
    clear, faint = int((~opaque).sum()), int(((alpha > 0) & (alpha < 255)).sum())
    if clear:
        remarks.append(f"has {clear:,} transparent pixels, which count as black")
    if faint:
        remarks.append(f"has {faint:,} half-transparent pixels, whose colour was taken as it is")
    return opaque if clear else None


def _exif(image: Image.Image) -> dict[str, Any]:
    """Return the tags of EXIF by name; those of GPS by theirs."""
    try:
        tags = image.getexif()
        parts = (
            {ExifTags.TAGS.get(k, str(k)): v for k, v in tags.items()},
            {ExifTags.TAGS.get(k, str(k)): v for k, v in tags.get_ifd(ExifTags.IFD.Exif).items()},
            {
                ExifTags.GPSTAGS.get(k, str(k)): v
                for k, v in tags.get_ifd(ExifTags.IFD.GPSInfo).items()
            },
        )
    except (OSError, ValueError, SyntaxError, KeyError, TypeError):
        return {}  # a picture is good without them
    return {name: value for part in parts for name, value in part.items()}
