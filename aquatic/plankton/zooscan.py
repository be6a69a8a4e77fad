"""Scans of ZooScan and vignettes of ZooProcess: background, level, scale bar, corner marks.

References
----------
.. [1] G. Gorsky et al. (2010), Digital zooplankton image analysis using the ZooScan integrated
   system, J. Plankton Res. 32, 285-303, doi:10.1093/plankt/fbp124
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aquatic.errors import AquaticError
from aquatic.plankton.measures import Thing, largest

Grey = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

MICROMETRES_PER_INCH = 25400.0

MOST_DARK = 0.5
"""Share of a scan, or of the border of a vignette, that things may cover at most."""

SCANNER_DPI = 600.0
"""Resolution from which on that of a file is a scanner's; programs write 72 to 300. [dots/inch]"""

_MOST_DPI = 254_000.0

UPPER = 243
"""Grey of the lightest pixel of a thing in a scan, as ZooProcess takes it. [0 to 255]"""

BAR_ROWS = 18
"""Rows below a vignette in which ZooProcess writes its scale. [pixel]

Others leave out 31; where a thing is low the last rows of it are among these.
"""

_MARK = 11
"""Length of the arms of the marks that ZooProcess draws at corners of a thing. [pixel]"""

_BLACK = 16


def pixel_um_of(dpi: tuple[float, float] | None) -> float | None:
    """Return the side of a pixel by the resolution that a file tells; None: it tells none. [um].

    Parameters
    ----------
    dpi : tuple of float, optional
        Across and down. What is no scanner's is what programs write, and tells nothing.

    Raises
    ------
    AquaticError
        Where pixels are no squares.
    """
    if dpi is None or not all(SCANNER_DPI <= it <= _MOST_DPI for it in dpi):
        return None
    if abs(dpi[0] / dpi[1] - 1.0) > 0.01:
        raise AquaticError(
            f"found {dpi[0]:g} dots per inch across and {dpi[1]:g} down, expected square pixels; "
            "resample the scan"
        )
    return MICROMETRES_PER_INCH / dpi[0]


def things_in(scan: Grey, upper: float) -> Mask:
    """Return where a scan is as dark as things are.

    Parameters
    ----------
    scan : numpy.ndarray of uint8
        (height, width)
    upper : float
        Grey of the lightest pixel of a thing. [0 to 255]

    Raises
    ------
    AquaticError
        Where that is most of the scan: it has another background, or is a negative.
    """
    dark: Mask = scan <= upper
    if dark.mean() > MOST_DARK:
        raise AquaticError(
            f"{100.0 * dark.mean():.0f} % is as dark as {upper:g}, expected things before a "
            "lighter background; give the scan of the empty tray (blank) or another upper, invert "
            "a negative"
        )
    return dark


def without_background(scan: Grey, blank: Grey) -> Grey:
    """Return a scan whose background is white.

    Parameters
    ----------
    scan : numpy.ndarray of uint8
        (height, width)
    blank : numpy.ndarray of uint8
        Of the empty tray, of the same scanner; it may be coarser.

    Returns
    -------
    numpy.ndarray of uint8
        ``255 - (blank - scan)``, with the blank smoothed; what is lighter than it is white.

    Raises
    ------
    AquaticError
        Where the blank is of another shape, or is none.
    """
    from scipy.ndimage import median_filter

    ratios = np.array(scan.shape) / np.array(blank.shape)
    if abs(ratios[0] / ratios[1] - 1.0) > 0.02:
        raise AquaticError(
            f"blank: found {blank.shape[1]} x {blank.shape[0]} pixels for a scan of "
            f"{scan.shape[1]} x {scan.shape[0]}, expected the same frame; scan it empty"
        )
    fine = blank if blank.shape == scan.shape else _resized(blank, scan.shape)
    # dust on the glass, which has moved since, goes; the light of the lamp stays
    smooth = median_filter(fine, size=5)
    dark = float((smooth < 0.5 * np.median(smooth)).mean())
    if dark > 0.01:
        raise AquaticError(
            f"blank: {100.0 * dark:.0f} % of it is less than half as light as the rest, expected "
            "an empty tray; things in it would be taken from the scan"
        )
    lost = smooth.astype(np.int16) - scan
    found: Grey = (255 - np.clip(lost, 0, 255)).astype(np.uint8)
    return found


def _resized(image: Grey, shape: tuple[int, ...]) -> Grey:
    from PIL import Image

    height, width = shape
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))


def vignette_level(upper: int, gamma: float) -> float:
    """Return the grey below which a pixel of a vignette is of its thing.

    ZooProcess cuts things out at ``grey <= upper``, and writes vignettes as
    ``255 (grey / 255) ** gamma``: the level lies half-way between the last grey of a thing and the
    first of the background, which is where the noise of JPEG matters least.

    Parameters
    ----------
    upper : int
        ``process_upper`` of its table. [0 to 255]
    gamma : float
        ``process_gamma_value`` of it.
    """
    greys = np.array([upper, upper + 1.0])
    return float((255.0 * (greys / 255.0) ** gamma).mean())


def grey_of_scan(vignette: Grey, gamma: float) -> Grey:
    """Return the grey that pixels of a vignette had in the scan: the inverse of its gamma."""
    found: Grey = np.rint(255.0 * (vignette / 255.0) ** (1.0 / gamma)).astype(np.uint8)
    return found


def has_scale_bar(vignette: Grey) -> bool:
    """Tell whether the lowest rows of a vignette have a scale bar on white.

    A bar is two rows or three of black, five pixels long at least, with white round it.
    """
    rows = vignette[-BAR_ROWS:]
    if rows.shape[0] < BAR_ROWS or vignette.shape[0] <= BAR_ROWS:
        return False
    from aquatic.plankton.objects import boxes, labelled

    black = rows < 128
    labels = labelled(black)
    for number, (down, across) in boxes(labels):
        height, width = down.stop - down.start, across.stop - across.start
        is_full = bool((labels[down, across] == number).all())
        if is_full and 2 <= height <= 3 and width >= 5 and down.stop < BAR_ROWS:
            return True
    return False


@dataclass(frozen=True)
class Vignette:
    """What was cut out of a scan.

    Attributes
    ----------
    thing : Thing or None
        None: nothing is darker than the level. Its grey is that of the scan.
    place : tuple of int
        Row and column of its bounding box.
    remarks : tuple of str
    """

    thing: Thing | None
    place: tuple[int, int]
    remarks: tuple[str, ...]


def read_vignette(pixels: Grey, *, upper: int = UPPER, gamma: float = 1.0) -> Vignette:
    """Return the thing in a vignette of ZooProcess.

    Parameters
    ----------
    pixels : numpy.ndarray of uint8
        (height, width), with or without a scale bar and corner marks.
    upper, gamma
        See `vignette_level`.

    Raises
    ------
    AquaticError
        Where the background is dark.

    Notes
    -----
    Where ZooProcess has marked two corners of the thing, the marks are taken out, and all within
    them is the thing where its largest part does not reach them: compression breaks thin parts off.
    """
    remarks = []
    image = pixels
    if has_scale_bar(pixels):
        image = pixels[:-BAR_ROWS]
    else:
        remarks.append(
            f"no scale bar in the lowest {BAR_ROWS} rows, so that none were left out; the size of "
            "a pixel has to come from the table of the scan"
        )
    box = _marked_box(image)
    if box is not None:
        image = _unmarked(image, box)
    dark = image < vignette_level(upper, gamma)
    border = np.concatenate([dark[0], dark[-1], dark[:, 0], dark[:, -1]])
    if border.mean() > MOST_DARK:
        raise AquaticError(
            f"{100.0 * border.mean():.0f} % of the border is as dark as the thing, expected a "
            "light background; invert a negative, or give upper and gamma of its table"
        )
    found = largest(dark, grey_of_scan(image, gamma))
    if found is None:
        return Vignette(None, (0, 0), (*remarks, "nothing is darker than the background"))
    if box is not None:
        found = _within(dark, image, box, found, gamma)
    return Vignette(*found, tuple(remarks))


_Box = tuple[slice, slice]
_Found = tuple[Thing, tuple[int, int]]


def _within(dark: Mask, image: Grey, box: _Box, found: _Found, gamma: float) -> _Found:
    """Return all that is dark between two marks where its largest part does not reach both."""
    thing, place = found
    reached = (slice(place[0], place[0] + thing.inside.shape[0]), box[0])
    sides = (slice(place[1], place[1] + thing.inside.shape[1]), box[1])
    gaps = [abs(one.start - two.start) for one, two in (reached, sides)]
    gaps += [abs(one.stop - two.stop) for one, two in (reached, sides)]
    inside = dark[box]
    if max(gaps) <= 1 or not inside.any():
        return found
    rows, columns = np.nonzero(inside.any(axis=1))[0], np.nonzero(inside.any(axis=0))[0]
    cut = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    grey = grey_of_scan(image[box][cut], gamma)
    return Thing(inside[cut], grey), (box[0].start + int(rows[0]), box[1].start + int(columns[0]))


def _marked_box(image: Grey) -> _Box | None:
    """Return rows and columns between the marks of ZooProcess: black corners of two thin arms."""
    if min(image.shape) <= _MARK:
        return None
    black = np.pad(image <= _BLACK, _MARK)
    across, down = (
        np.asarray(np.lib.stride_tricks.sliding_window_view(black, _MARK, axis=axis).all(axis=-1))
        for axis in (1, 0)
    )
    height, width = image.shape
    starts = (
        across[_MARK:-_MARK, _MARK : _MARK + width] & down[_MARK : _MARK + height, _MARK:-_MARK]
    )
    ends = across[_MARK:-_MARK, 1 : 1 + width] & down[1 : 1 + height, _MARK:-_MARK]
    firsts, lasts = np.argwhere(starts), np.argwhere(ends)
    if len(firsts) != 1 or len(lasts) != 1 or (lasts[0] <= firsts[0]).any():
        return None
    (top, left), (bottom, right) = firsts[0].tolist(), lasts[0].tolist()
    return slice(top, bottom + 1), slice(left, right + 1)


def _unmarked(image: Grey, box: _Box) -> Grey:
    """Return a vignette whose marks have the grey of the row or column outside them."""
    found = image.copy()
    rows, columns = box
    top, left, bottom, right = rows.start, columns.start, rows.stop - 1, columns.stop - 1
    for row, beside, start in ((top, top - 1, left), (bottom, bottom + 1, right - _MARK + 1)):
        arm = slice(start, start + _MARK)
        found[row, arm] = image[beside, arm] if 0 <= beside < len(image) else 255
    for column, beside, start in ((left, left - 1, top), (right, right + 1, bottom - _MARK + 1)):
        arm = slice(start, start + _MARK)
        found[arm, column] = image[arm, beside] if 0 <= beside < image.shape[1] else 255
    return found
