"""The operator's catalogue: data of the server that any case may name, by names of its own.

A TOML file, a table for each name::

    [baniyas-currents]
    title = "Currents off Baniyas, August 2021"
    files = "/srv/forcing/baniyas/currents*.nc"

    [spills]
    title = "Slicks seen in the Levant"
    files = "/srv/slicks" # a folder, with all below it
    spills = true

A case names an entry, or one file of it: ``catalogue:spills/2021/slick.shp``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from catalog.paths import expand_paths
from web.errors import CatalogueError
from witoil.case.loading import plainly

REFERENCE = "catalogue:"
"""What stands before the name of an entry where a case has it in place of a file."""

_MAGIC = set("*?[")


class Entry(BaseModel):
    """Data that any case may name.

    Attributes
    ----------
    title : str
        For people.
    files : tuple of str
        Paths, patterns or URLs; relative ones start at the folder of the catalogue.
    spills : bool
        Whether they are slicks of spills, which are listed; folders will do then.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1, max_length=200)
    files: tuple[str, ...] = Field(min_length=1)
    spills: bool = False

    @field_validator("files", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _spills_at_hand(self) -> Self:
        if self.spills and self.is_remote:
            raise ValueError(
                "spills: found those of a server; expected files or folders: `witoil catalog get` "
                "fetches them"
            )
        return self

    @property
    def is_remote(self) -> bool:
        """Whether something of it is on a server."""
        return any("://" in file for file in self.files)

    def files_by_name(self) -> dict[str, Path]:
        """Return its files by their paths below its folders; none that is hidden or on a server.

        Raises
        ------
        CatalogError
            If one has gone.
        """
        found: dict[str, Path] = {}
        for file in self.files:
            if "://" in file:
                continue
            folder = Path(file)
            if self.spills and folder.is_dir():
                paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
            else:
                folder = next(p for p in folder.parents if not _MAGIC & set(str(p)))
                paths = expand_paths(file)
            for path in paths:
                name = path.relative_to(folder)
                if not any(part.startswith(".") for part in name.parts):
                    found.setdefault(name.as_posix(), path)
        return found


_ENTRIES = TypeAdapter(dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")], Entry])


def read_catalogue(path: Path | None) -> Mapping[str, Entry]:
    """Read the entries of a catalogue by their names; none where there is no file.

    Raises
    ------
    CatalogueError
    """
    if path is None:
        return {}
    try:
        entries = _ENTRIES.validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise CatalogueError(f"catalogue: cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogueError(f"catalogue: not TOML ({error})") from None
    except ValidationError as error:
        item = error.errors(include_url=False)[0]
        key = ".".join(map(str, item["loc"]))
        raise CatalogueError(f"catalogue: {key}: {plainly(item['msg'])}") from None
    return {
        name: entry.model_copy(update={"files": tuple(_placed(f, path) for f in entry.files)})
        for name, entry in entries.items()
    }


def _placed(file: str, catalogue: Path) -> str:
    return file if "://" in file else str(catalogue.resolve().parent / Path(file).expanduser())
