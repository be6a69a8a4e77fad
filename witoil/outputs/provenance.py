"""`provenance.json`: the exact inputs of a run, by name, version and checksum."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, StrictInt, StrictStr, ValidationError, model_validator

from catalog.paths import recording
from catalog.remote.store import Entry, Store, default_store, hash_file
from witoil.calibration.study import NAME as STUDY
from witoil.claim import CHECKPOINT, written
from witoil.errors import OutputError, WitoilError
from witoil.files import read_json, write_json
from witoil.outputs.checkpoints import HEAD, remove_checkpoints
from witoil.times import second
from witoil.versions import versions

if TYPE_CHECKING:
    from catalog.remote.opendap import Opendap
    from witoil.case import Case

NAME = "provenance.json"


class _File(BaseModel):
    id: StrictStr
    sha256: StrictStr
    size: StrictInt


class _Input(BaseModel):
    key: StrictStr
    name: StrictStr
    files: list[_File]


class _Document(BaseModel):
    """What is relied on of the file."""

    name: StrictStr
    versions: dict[StrictStr, StrictStr]
    built_in: dict[StrictStr, StrictStr]
    inputs: list[_Input]

    @model_validator(mode="after")
    def _has_our_version(self) -> Self:
        if "witoil" not in self.versions:
            raise ValueError("versions has no witoil")
        return self


_VERSIONS = ("fetched", "version", "etag", "last_modified")
_GOES_ON = {STUDY, "mlflow.json"}
"""What is of use to a command that is started again."""

_SIBLINGS = (".shp", ".shx", ".dbf", ".prj", ".cpg")


@contextmanager
def recorded(
    command: str, case: Case, folder: Path, *, force: bool = False
) -> Iterator[Callable[[], dict[str, Any]]]:
    """Write what was read and written meanwhile into the folder of a run.

    What the run before it left there, and this one does not write again, is removed; so is what
    this one has written if it fails, but for what it goes on from.

    Parameters
    ----------
    command : str
        What is done with the case.
    case : Case
    folder : Path
        Claimed.
    force : bool
        Remove what another run has left there, or an earlier one of the same.

    Yields
    ------
    callable
        Returns what has been read so far, as the file says it, and the case.

    Raises
    ------
    OutputError
        Where the folder holds another command's run or another case's, unless `force`.
    """
    before = _held_by(folder)
    if before is not None and force:
        _remove(folder, before["outputs"])
        remove_checkpoints(folder)
    elif before is not None and (before["command"], before["name"]) not in (
        (command, case.name),
        (None, case.name),
    ):
        raise OutputError(
            f"{folder}: holds what `witoil {before['command'] or '...'}` made of the case "
            f"{before['name']!r}; expected an empty folder: give another --out, or --force to "
            "replace it"
        )
    earlier = set() if before is None or force else set(before["outputs"])
    document = {"name": case.name, "command": command, "versions": versions()}
    document["built_in"] = _built_in(case)
    try:
        with recording() as names:
            yield (
                lambda: (
                    document
                    | {"case": case.model_dump(mode="json"), "inputs": _inputs(case, names)}
                )
            )
    except BaseException:
        halves = written(folder) - _GOES_ON
        _remove(folder, halves)
        left = sorted((earlier | written(folder)) - halves)
        if left and written(folder):  # so that the next command knows whose files these are
            write_json(folder / NAME, document | {"inputs": [], "outputs": left})
        raise
    outputs = sorted(written(folder) | (earlier & _GOES_ON))
    _remove(folder, earlier - {*outputs})
    inputs = _inputs(case, names)
    write_json(folder / NAME, document | {"inputs": inputs, "outputs": outputs})
    remove_checkpoints(folder)


def _held_by(folder: Path) -> dict[str, Any] | None:
    """Return command, name and outputs of the run whose files lie in a folder; None if of none."""
    # of a search that was killed there is its study only, of others what they go on from
    for name in (NAME, STUDY, f"{CHECKPOINT}/{HEAD}"):
        try:
            document = read_json(folder / name)
            return {
                "command": document.get("command"),
                "name": document["name"],
                "outputs": [
                    str(file) for file in document.get("outputs", [STUDY] if name == STUDY else [])
                ],
            }
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            continue
    return None


def _remove(folder: Path, files: Iterable[str]) -> None:
    """Remove files of an earlier run, and the folders within that are empty then."""
    top = folder.resolve()
    for name in (*files, NAME):
        path = (top / name).resolve()
        if not path.is_relative_to(top) or path.is_dir():
            continue  # not written by us
        path.unlink(missing_ok=True)
        for parent in path.parents[: len(path.relative_to(top).parts) - 1]:
            with suppress(OSError):
                parent.rmdir()


def read_provenance(run: Path) -> dict[str, Any]:
    """Return what a run was made from.

    Parameters
    ----------
    run : Path
        Its folder, or a folder within it, such as ``best``.

    Raises
    ------
    WitoilError
        If nothing is known of it.
    """
    for folder in (run, run.resolve().parent):
        path = folder / NAME
        try:
            document: dict[str, Any] = read_json(path)
            _Document.model_validate(document)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            key = ".".join(map(str, fault["loc"]))
            raise WitoilError(
                f"{path}: holds no inputs as a run writes them ({key or 'document'}: "
                f"{fault['msg']}); run it again"
            ) from None
        except (OSError, ValueError) as error:
            raise WitoilError(
                f"{path}: not JSON ({error}); expected what a run writes, run it again"
            ) from None
        return document
    raise WitoilError(
        f"{run}: has no {NAME}; expected the folder of a run that has come to its end"
    )


def in_words(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines that `witoil provenance` prints."""
    yield f"{document['name']}, by witoil {document['versions']['witoil']}"
    for what, name in document["built_in"].items():
        yield f"{what}: {name}"
    for item in document["inputs"]:
        yield f"{item['key']}: {item['name']}"
        for file in item["files"]:
            yield f"  {file['sha256']}  {file['size']:>12,} bytes  {file['id']}"
            known = [f"{key} {file[key]}" for key in _VERSIONS if key in file]
            if known:
                yield f"  {'':64}  {', '.join(known)}"


def _inputs(case: Case, names: Mapping[str, list[Path | Opendap]]) -> list[dict[str, Any]]:
    """Describe what names of a case turned out to be."""
    store = default_store()
    keys = dict(_keys(case, case.model_dump(mode="json")))
    return [
        {
            "key": keys.get(name, ""),
            "name": name,
            "files": [file for item in found for file in _files(item, store)],
        }
        for name, found in names.items()
    ]


def _keys(case: Case, value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield all texts of a case as names of files, each with its key."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _keys(case, item, f"{key}.{name}".removeprefix("."))
    elif isinstance(value, list):
        for k, item in enumerate(value):
            yield from _keys(case, item, key if isinstance(item, str) else f"{key}.{k}")
    elif isinstance(value, str):
        yield case.paths(value)[0], key


def _files(item: Path | Opendap, store: Store) -> Iterator[dict[str, Any]]:
    if not isinstance(item, Path):
        # its layout, its attributes, and each piece of its values
        for entry in store.asked():
            if entry.identifier.startswith((f"{item}.dds", f"{item}.das", f"{item}.dods?")):
                yield _of_entry(entry)
        return
    held = [entry for entry in store.asked() if entry.path == item]
    if held:
        yield _of_entry(held[0])
        return
    if item.is_dir():
        yield _of_folder(item)
        return
    for path in _with_siblings(item):
        sha256, size = _content(path)
        yield {"id": str(path), "sha256": sha256, "size": size}


def _of_folder(folder: Path) -> dict[str, Any]:
    """Describe a Zarr store as one: its hash is that of the names and hashes of its files."""
    digest, size = hashlib.sha256(), 0
    for path in sorted(file for file in folder.rglob("*") if file.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()} {hash_file(path)}\n".encode())
        size += path.stat().st_size
    return {"id": str(folder), "sha256": digest.hexdigest(), "size": size}


def _of_entry(entry: Entry) -> dict[str, Any]:
    return {
        **entry.facts,
        "id": entry.identifier,
        "sha256": entry.sha256,
        "size": entry.size,
        "fetched": second(entry.fetched),
    }


def _with_siblings(path: Path) -> list[Path]:
    """Return a file, and those that it is nothing without."""
    if path.suffix.lower() != ".shp":
        return [path]
    return [p for suffix in _SIBLINGS if (p := path.with_suffix(suffix)).is_file()]


def _content(path: Path) -> tuple[str, int]:
    """Return SHA-256 and size of a file; of a folder, those of its list of files."""
    if not path.is_dir():
        return hash_file(path), path.stat().st_size
    files = sorted(file for file in path.rglob("*") if file.is_file())
    lines = [f"{hash_file(file)}  {file.relative_to(path).as_posix()}\n" for file in files]
    size = sum(file.stat().st_size for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest(), size


def _built_in(case: Case) -> dict[str, str]:
    """Name what a run takes from elsewhere than files of the case."""
    from catalog.oils import LIBRARY_VARIABLE

    found = {}
    if case.forcing.coastline in ("osm", "gshhg"):
        found["coastline"] = (
            f"{case.forcing.coastline} of roaring-landmask {version('roaring-landmask')}"
        )
    found["oil"] = case.oil.name or f"{case.oil.api_gravity:g} degrees API"
    library = Path(os.environ.get(LIBRARY_VARIABLE) or ".")
    if library.is_file():
        found["oil library"] = f"{library}, sha256 {hash_file(library)}"
    return found
