"""The operator's catalogue: data of the server that any case may name, by names of its own.

A TOML file, a table for each name::

    [baniyas-currents]
    title = "Currents off Baniyas, August 2021"
    files = "/srv/forcing/baniyas/currents*.nc"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from web.errors import ServiceError


class CatalogueError(ServiceError):
    """A catalogue that cannot be read; for whoever runs the service."""


class Entry(BaseModel):
    """Data that any case may name.

    Attributes
    ----------
    title : str
        For people.
    files : tuple of str
        Paths, patterns or URLs; relative ones start at the folder of the catalogue.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1, max_length=200)
    files: tuple[str, ...] = Field(min_length=1)


_ENTRIES = TypeAdapter(dict[str, Entry])


def read_catalogue(path: Path | None) -> Mapping[str, Entry]:
    """Read the entries of a catalogue by their names; none where there is no file.

    Raises
    ------
    CatalogueError
    """
    if path is None:
        return {}
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        for table in document.values():
            if isinstance(table, dict) and isinstance(table.get("files"), str):
                table["files"] = [table["files"]]
        entries = _ENTRIES.validate_python(document)
    except OSError as error:
        raise CatalogueError(f"catalogue: cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogueError(f"catalogue: not TOML ({error})") from None
    except ValidationError as error:
        item = error.errors(include_url=False)[0]
        key = ".".join(map(str, item["loc"]))
        raise CatalogueError(f"catalogue: {key}: {item['msg']}; expected title and files") from None
    return {
        name: entry.model_copy(update={"files": tuple(_placed(f, path) for f in entry.files)})
        for name, entry in entries.items()
    }


def _placed(file: str, catalogue: Path) -> str:
    return file if "://" in file else str(catalogue.resolve().parent / Path(file).expanduser())
