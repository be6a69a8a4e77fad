"""Files that show a run: a page that plays it, a film, a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from witoil.errors import WitoilError
from witoil.files import replacing, write_bytes
from witoil.player.coast import Land
from witoil.player.film import make_film, refuse_film
from witoil.player.page import render
from witoil.player.stills import draw_still
from witoil.runs.run import Run


def write_page(run: Run, path: Path, land: Land | None = None) -> None:
    """Write the page of a run; see `witoil.player.page.render`.

    Raises
    ------
    WitoilError, CatalogError
        Where the run cannot be shown, or the file not be written.
    """
    page = render(run, land)
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="\n")


def write_film(run: Run, path: Path, what: str | None = None, **options: Any) -> None:
    """Write a film of a run, MP4 or GIF; options as of `witoil.player.film.make_film`.

    Raises
    ------
    WitoilError, CatalogError
    """
    refuse_film(path)
    with replacing(path) as temporary:
        make_film(run, temporary, what, **options)


def write_still(
    run: Run,
    path: Path,
    what: str | None = None,
    time: np.datetime64 | None = None,
    *,
    land: Land | None = None,
) -> None:
    """Write a picture of a run as PNG; see `witoil.player.stills.draw_still`.

    Raises
    ------
    WitoilError, CatalogError
    """
    if path.suffix.lower() != ".png":
        raise WitoilError(f"{path}: expected a name that ends with .png")
    picture = draw_still(run, what, time, land=land)
    write_bytes(path, picture)
