"""Pictures of the page for the documents: WITOIL_PICTURES=docs/images pytest tests/web."""

import io
import os
from pathlib import Path

from PIL import Image

MOST_BYTES = 200_000


def take_picture(page, name):
    """Return a picture of a page as documents have it; keep it where a folder is named.

    Parameters
    ----------
    page : Page
    name : str
        Of the file, without its suffix.

    Returns
    -------
    Image
    """
    folder = os.environ.get("WITOIL_PICTURES")
    page.mouse.move(0, 0)  # nothing is pointed at
    shot = page.screenshot()
    while folder and shot != (shot := _a_second_later(page)):
        pass  # tiles come, each when it has been made
    picture = Image.open(io.BytesIO(shot)).convert("RGB")
    assert picture.getcolors(50) is None  # more colours than that: not ground alone
    content = io.BytesIO()
    coloured = picture.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    coloured.save(content, "PNG", optimize=True)
    assert len(content.getvalue()) < MOST_BYTES
    if folder:
        Path(folder).mkdir(exist_ok=True)
        (Path(folder) / f"{name}.png").write_bytes(content.getvalue())
    return picture


def _a_second_later(page):
    page.wait_for_timeout(1000)
    return page.screenshot()
