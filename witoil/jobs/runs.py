"""Runs that are there: shown, scored, compared, exported."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from witoil.claim import claimed, need_room
from witoil.jobs.working import Progress, silent
from witoil.times import datetime64

if TYPE_CHECKING:
    from witoil.runs.slick import Sensor


def view(run: Path, page: Path) -> None:
    """Write a page that plays a run; see `witoil.outputs.pictures.write_page`.

    Parameters
    ----------
    run : Path
        As `witoil.runs.opening.open_run` takes it.
    page : Path
        An HTML file.

    Raises
    ------
    WitoilError, CatalogError
    """
    from witoil.outputs.pictures import write_page
    from witoil.runs.opening import open_run

    write_page(open_run(run), page)


def animate(
    run: Path,
    film: Path,
    what: str | None = None,
    *,
    pictures_per_second: float | None = None,
    progress: Progress = silent,
) -> None:
    """Write a film of a run; see `witoil.outputs.pictures.write_film`.

    Raises
    ------
    WitoilError, CatalogError
    """
    from witoil.outputs.pictures import write_film
    from witoil.runs.opening import open_run

    write_film(
        open_run(run), film, what, pictures_per_second=pictures_per_second, progress=progress
    )


def plot(run: Path, picture: Path, what: str | None = None, time: datetime | None = None) -> None:
    """Write a picture of a run at one of its times; see `witoil.outputs.pictures.write_still`.

    Raises
    ------
    WitoilError, CatalogError
    """
    from witoil.outputs.pictures import write_still
    from witoil.runs.opening import open_run
    from witoil.times import datetime64

    write_still(open_run(run), picture, what, None if time is None else datetime64(time))


def score(
    run: Path,
    observation: Path,
    *,
    windows: Sequence[int],
    time: datetime | None = None,
    sensor: Sensor | None = None,
) -> dict[str, Any]:
    """Score a run or a mask against an observation; see `witoil.calibration.scoring.score_files`.

    Raises
    ------
    WitoilError, CatalogError
    """
    from witoil.calibration.scoring import score_files

    return score_files(run, observation, windows=windows, time=time, sensor=sensor)


def score_tracks(run: Path, tracks: Path) -> dict[str, Any]:
    """Score a run against drifters; see `witoil.calibration.tracks.score_tracks`.

    Raises
    ------
    WitoilError, CatalogError
    """
    from witoil.calibration.tracks import score_tracks as against_tracks

    return against_tracks(run, tracks)


def compare(
    runs: Sequence[Path],
    folder: Path,
    *,
    observations: Sequence[Path] = (),
    windows: Sequence[int],
    sensor: Sensor | None = None,
) -> dict[str, Any]:
    """Put runs side by side; see `witoil.calibration.comparison.compare`.

    Parameters
    ----------
    runs : sequence of Path
    folder : Path
        Takes ``compare.html`` and ``compare.json``.
    observations : sequence of Path
    windows : sequence of int
    sensor : Sensor, optional

    Returns
    -------
    dict
        As in ``compare.json``.

    Raises
    ------
    WitoilError, CatalogError
    """
    from witoil.calibration.comparison import compare as side_by_side
    from witoil.outputs.comparison import write_comparison

    # before the folder is claimed, since a run may lie in it
    found = side_by_side(runs, observations, windows=windows, sensor=sensor)
    with claimed(folder):
        need_room(folder)
        return write_comparison(found, folder)


def export(
    run: Path,
    to: str,
    out: Path | None = None,
    *,
    time: datetime | None = None,
    every: int = 1,
) -> dict[str, Any]:
    """Write a run in the format of another tool.

    Parameters
    ----------
    run : Path
        Folder of a run, or a file of particles.
    to : str
        ``kmz``, ``gpkg``, ``shp``, ``csv``, ``geojson``, ``covjson`` or ``zarr``.
    out : Path, optional
        File to write; default: beside the run, by its name.
    time : datetime, optional
        The one output to write; without a zone it is UTC.
    every : int
        Write every so many outputs of the particles.

    Returns
    -------
    dict
        ``file``, ``files`` (names of all that was written beside each other), ``layers`` (name ->
        number of features) and ``remarks``.

    Raises
    ------
    WitoilError, CatalogError
    """
    from witoil.exports.formats import format_named, place_of, write
    from witoil.runs.opening import open_run

    place = place_of(run, format_named(to), out)
    opened = open_run(run)
    moment = None if time is None else datetime64(time)
    with claimed(place, is_file=True):
        return {"file": str(place), **write(opened, to, place, time=moment, every=every)}
