"""Files that come of a process, and their media types."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MEDIA_TYPES = {
    ".covjson": "application/prs.coverage+json",
    ".csv": "text/csv",
    ".geojson": "application/geo+json",
    ".gpkg": "application/geopackage+sqlite3",
    ".html": "text/html",
    ".json": "application/json",
    ".kmz": "application/vnd.google-earth.kmz",
    ".nc": "application/x-netcdf",
    ".png": "image/png",
    ".tif": "image/tiff; application=geotiff",
    ".zip": "application/zip",
}
"""Media types of the files that jobs write, by how their names end."""

NAME_OF_RESULT = "result"
"""Output of every process: what its function returns."""


def media_type(name: str) -> str:
    """Return the media type of a file that a job has written."""
    return MEDIA_TYPES.get(Path(name).suffix, "application/octet-stream")


@dataclass(frozen=True)
class Output:
    """Files that come of a process.

    Attributes
    ----------
    id : str
        Name of the output.
    title : str
        What it is.
    pattern : str
        Name of the file, or what the names of all its files match, within the folder of the job;
        alternatives are parted by ``|``.
    """

    id: str
    title: str
    pattern: str

    @property
    def is_many(self) -> bool:
        """Whether there may be several files, or none."""
        return "*" in self.pattern

    def files(self, folder: Path) -> list[Path]:
        """Return its files within the folder of a job; none that is hidden."""
        found = {path for pattern in self.pattern.split("|") for path in folder.glob(pattern)}
        return sorted(
            path
            for path in found
            if path.is_file()
            and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        )
