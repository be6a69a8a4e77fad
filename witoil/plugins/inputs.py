"""Which files a batch has, in folders and in buckets, and how they come to this machine."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from witoil.plugins.errors import PluginError
from witoil.plugins.films import FILMS
from witoil.plugins.images import SUFFIXES
from witoil.plugins.rasters import GEOTIFF
from witoil.plugins.sound import SOUNDS

OF_KIND: Mapping[str, frozenset[str]] = {
    "image": frozenset((*SUFFIXES, *FILMS)),
    "raster": frozenset(GEOTIFF),
    "audio": frozenset(SOUNDS),
}
"""Kind of the input of a card -> endings of the files that are taken out of folders for it."""

MOST_FETCHED_BYTES = 16 * 2**30
"""Size of a file that is fetched out of a bucket, at most."""

SETTLED_SECONDS = 2.0
"""Age from which on a file that does not change counts as whole. [s]"""

_STAMPS = ("ETag", "etag", "mtime", "LastModified", "last_modified", "updated", "md5", "created")
"""What the file systems of fsspec call what changes with the content of a file."""


@dataclass(frozen=True)
class Item:
    """A file of a batch.

    Attributes
    ----------
    place : str
        Path, or URL in a bucket.
    stamp : str
        What is another one where the file has changed.
    """

    place: str
    stamp: str

    @property
    def name(self) -> str:
        """What the file is called, without its folders."""
        return PurePosixPath(self.place).name if "://" in self.place else Path(self.place).name


@dataclass(frozen=True)
class Listing:
    """What folders, buckets and names stand for.

    Attributes
    ----------
    items : sequence of Item
        In the order of the names; those of a folder by their paths.
    left_out : mapping
        Ending -> how many files of folders have it, which the plug-in does not take.
    """

    items: Sequence[Item]
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Places:
    """Where the files of a batch are.

    Attributes
    ----------
    names : sequence of Path or str
        Files and folders, on this machine or as URLs that fsspec opens (``s3://bucket/folder``).
    suffixes : frozenset of str
        Endings of the files that are taken out of folders.
    results : Path
        Folder of the batch itself, whose files are none of its inputs.
    """

    names: Sequence[Path | str]
    suffixes: frozenset[str]
    results: Path


def listed(places: Places) -> Listing:
    """Return the files of folders and buckets, and those that are named.

    A file that is named counts whatever its ending, also where it is not there.

    Raises
    ------
    PluginError
        Where a bucket cannot be read, or the results would lie among the files.
    """
    items: dict[str, Item] = {}
    left_out: Counter[str] = Counter()
    for name in places.names:
        found = _of_bucket(name) if _is_url(name) else _of_disk(Path(name), places.results)
        for item, is_named in found:
            suffix = PurePosixPath(item.name).suffix.lower()
            if is_named or suffix in places.suffixes:
                items.setdefault(item.place, item)  # named twice, it is still one file
            else:
                left_out[suffix or "none"] += 1
    return Listing(list(items.values()), dict(sorted(left_out.items())))


def _is_url(place: Path | str) -> bool:
    return isinstance(place, str) and "://" in place


def _of_disk(path: Path, results: Path) -> Iterator[tuple[Item, bool]]:
    """Yield the files of a folder, or a file by itself, and whether it was named.

    A product of Sentinel is a folder, and one file of a batch.
    """
    from aquatic.slicks.safe import is_safe

    if not path.is_dir() or is_safe(path):
        yield Item(str(path), stamp_of(path)), True
        return
    if results.resolve() == path.resolve():
        raise PluginError(f"{path}: is the folder of the results, too; expected another --out")
    for each in sorted(path.iterdir()):
        # a hidden file is one that another program is still writing, or its own affair
        if each.name.startswith("."):
            continue
        if each.exists() and not (each.is_file() or each.is_dir()):
            continue  # a pipe or a socket: to read it would wait for whoever writes
        if not each.is_dir():
            yield Item(str(each), stamp_of(each)), False
        # a link might lead round in circles
        elif not each.is_symlink() and each.resolve() != results.resolve():
            yield from _of_disk(each, results)


def stamp_of(path: Path) -> str:
    """Return what is another one where a file has changed; empty: it is not there."""
    try:
        status = path.stat()
    except OSError:
        return ""  # whoever reads it says what is wrong
    return f"{status.st_size}:{status.st_mtime_ns}"


def _of_bucket(url: Any) -> Iterator[tuple[Item, bool]]:
    files = _file_system(url)
    try:
        files.invalidate_cache()
        root = files._strip_protocol(url)
        is_named = files.isfile(root)
        found = {root: files.info(root)} if is_named else files.find(root, detail=True)
    except Exception as error:  # each file system has its own
        raise PluginError(
            f"{url}: cannot be listed ({_line(error)}); expected a folder or a file that can be "
            "read, with the credentials in the environment"
        ) from None
    for name in sorted(found):
        about = found[name]
        stamp = next((str(about[key]) for key in _STAMPS if about.get(key) is not None), "")
        yield Item(files.unstrip_protocol(name), f"{about.get('size')}:{stamp}"), is_named


def _file_system(url: str) -> Any:
    import fsspec

    try:
        files, _ = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise PluginError(
            f"{url}: is opened by a package that is not installed ({_line(error)})"
        ) from None
    except Exception as error:  # no such protocol, no credentials
        raise PluginError(f"{url}: cannot be opened ({_line(error)}); expected a URL") from None
    return files


@contextmanager
def fetched(item: Item) -> Iterator[Path]:
    """Give the path of a file on this machine; what is fetched goes again.

    Raises
    ------
    PluginError
        Where it cannot be had.
    """
    if "://" not in item.place:
        yield Path(item.place)
        return
    from catalog.files.scratch import scratch_folder

    files = _file_system(item.place)
    with scratch_folder() as folder:
        path = folder / item.name
        try:
            size = files.size(item.place)
            if size is not None and size > MOST_FETCHED_BYTES:
                raise PluginError(
                    f"{item.place}: found {size:,} bytes, expected {MOST_FETCHED_BYTES:,} at most"
                )
            files.get_file(item.place, str(path))
        except PluginError:
            raise
        except Exception as error:
            raise PluginError(
                f"{item.place}: cannot be fetched ({_line(error)}); start again when it can"
            ) from None
        yield path


class Arrivals:
    """Files that arrive, each given once it is whole, and again where it has changed since.

    Parameters
    ----------
    places : Places

    Notes
    -----
    A file counts as whole when two looks, `SETTLED_SECONDS` apart at least, found it the same. A
    program that pauses for longer while it writes should write under a hidden name and rename.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._first_seen: dict[Item, float] = {}
        self._has_looked = False
        self.left_out: Mapping[str, int] = {}
        self.is_awaited = False
        """Whether there are files that may be whole soon."""

    def look(self) -> tuple[list[Item], str]:
        """Return the files that are whole, and a note.

        Raises
        ------
        PluginError
            Where nothing can be listed the first time; later that is noted and waited for.
        """
        try:
            listing = listed(self._places)
        except PluginError as error:
            if not self._has_looked:
                raise
            return [], str(error)
        self._has_looked = True
        self.left_out = listing.left_out
        now = time.monotonic()
        # a file that is named and not there yet has no stamp
        there = [item for item in listing.items if item.stamp]
        self._first_seen = {item: self._first_seen.get(item, now) for item in there}
        whole = [item for item in there if now - self._first_seen[item] >= SETTLED_SECONDS]
        self.is_awaited = len(whole) < len(there)
        return whole, "waiting for files"


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
