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
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How TIFF and BigTIFF begin."""

_OF_PHONES = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis")
"""Brands of images that telephones write, and few others read."""

_PICTURE = "expected a picture of 8 or 16 bits a channel, grey or RGB"
_PHOTOMETRIC, _SAMPLE_FORMAT, _SIGNED = 262, 339, 2
"""Tags of TIFF, and what the second says of integers with a sign."""

_DARK = 64
"""Brightness of the upper 8 bits of 16 that no pixel reaches where the sensor has 14 or fewer."""

_SIXTEEN = "has 16 bits: the upper 8 were taken"
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
        raise PluginError(f"{path}: {_unknown(path)}") from None
    except Image.DecompressionBombError:
        raise PluginError(_too_large(path, "far more")) from None
    except MemoryError:
        raise PluginError(
            f"{path}: needs more memory than there is; expected a smaller image"
        ) from None
    except (OSError, ValueError, SyntaxError, EOFError, IndexError) as error:
        text = " ".join(str(error).split()) or type(error).__name__
        raise PluginError(f"{path}: is damaged ({text}); expected a whole image") from None


def is_tiff(path: Path) -> bool:
    """Return whether a file is a TIFF by its first bytes, whatever it is called."""
    return _start(path)[:4] in _TIFF


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(12)
    except OSError:
        return b""  # whoever reads it says what is wrong


def _unknown(path: Path) -> str:
    """Return why a file is not opened as an image, and what to do."""
    start = _start(path)
    if start[4:8] == b"ftyp" and start[8:12] in _OF_PHONES:
        return "is a HEIC or AVIF, as telephones write; expected JPEG or PNG: export it as one"
    if start[:4] in _TIFF:
        return (
            "is a TIFF with pixels that no picture has (real numbers, or other channels); "
            f"{_PICTURE}"
        )
    return f"is no image that is known; expected {', '.join(_FORMATS)}"


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
    has_16_bits = _has_16_bits(image)
    image.load()
    _refuse_numbers(image, path)
    exif = _exif(image)
    if image.getexif().get(_ORIENTATION, 1) in range(2, 9):
        remarks.append(TURNED)
    ImageOps.exif_transpose(image, in_place=True)
    bytewise = _in_bytes(image, path, remarks)
    if has_16_bits:
        remarks += _of_16_bits(bytewise)
    opaque = _opacity(bytewise, remarks)
    # no copy more than is needed: photos have tens of millions of pixels
    pixels = np.asarray(bytewise if bytewise.mode == "RGB" else bytewise.convert("RGB"))
    if opaque is not None:
        pixels = np.where(opaque[:, :, np.newaxis], pixels, np.uint8(0))
    return Photo(str(path.name), pixels, opaque, exif, tuple(remarks))


def _has_16_bits(image: Image.Image) -> bool:
    """Return whether channels have 16 bits in the file; Pillow gives the upper 8 of colours.

    Before the image is loaded, which forgets how its pixels are written.
    """
    tiles = getattr(image, "tile", ())
    written = [args[0] if isinstance(args, tuple | list) else args for *_, args in tiles if args]
    return any(";16" in str(mode) for mode in written)


def _of_16_bits(image: Image.Image) -> list[str]:
    """Return what is said of an image whose upper 8 bits are these."""
    extrema = image.getextrema()
    ranges = extrema if isinstance(extrema[0], tuple) else (extrema,)
    alpha = "A" in image.getbands()
    brightest = max(int(most) for _, most in (ranges[:-1] if alpha else ranges))
    if brightest >= _DARK:
        return [_SIXTEEN]
    return [
        f"{_SIXTEEN}, of which the brightest is {brightest} of 255: where the sensor has 10, 12 "
        "or 14 bits, multiply its values first, for it looks dark"
    ]


def _refuse_numbers(image: Image.Image, path: Path) -> None:
    """Refuse a TIFF whose numbers Pillow would take for others."""
    tags = getattr(image, "tag_v2", {})
    if _SIGNED in np.atleast_1d(tags.get(_SAMPLE_FORMAT, 0)):
        raise PluginError(f"{path}: holds numbers with a sign; {_PICTURE}")
    if image.mode.startswith("I;16") and tags.get(_PHOTOMETRIC) == 0:  # 8 bits are turned round
        raise PluginError(f"{path}: holds 16 bits of which 0 is white; expected 0 for black")


def _in_bytes(image: Image.Image, path: Path, remarks: list[str]) -> Image.Image:
    """Return an image of one byte a channel, alpha kept."""
    if image.mode.startswith("I;16"):
        values = np.asarray(image).astype(np.uint16)
        return Image.fromarray((values >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise PluginError(f"{path}: holds numbers of 32 bits; {_PICTURE}")
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
