"""Data sets on OPeNDAP servers, opened without reading and read in pieces that are kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import numpy as np
import numpy.typing as npt
import xarray as xr
from pydap.model import BaseType, GridType
from pydap.parsers.das import DASParser
from pydap.parsers.dds import dds_to_dataset
from xarray.backends import BackendArray
from xarray.core import indexing

from catalog.errors import CatalogError, UnreadableFileError
from catalog.remote.download import download, refuse_foreign_url
from catalog.remote.store import Store, default_store

MOST_BYTES = 200_000_000
"""Longest answer asked for; many servers refuse above 500 MB."""

_MOST_HEADER_BYTES = 20_000_000
_HEADERS_LAST = timedelta(hours=1)
_MARKER = b"\nData:"

# DAP 2 type -> how values travel. [R1]_, section 7: shorter integers as 32 bits.
_TYPES: dict[str, tuple[type[np.generic], str]] = {
    "byte": (np.uint8, "u1"),
    "int16": (np.int16, ">i4"),
    "uint16": (np.uint16, ">u4"),
    "int32": (np.int32, ">i4"),
    "uint32": (np.uint32, ">u4"),
    "float32": (np.float32, ">f4"),
    "float64": (np.float64, ">f8"),
}
_ON_THE_WIRE = {np.dtype(kind): np.dtype(wire) for kind, wire in _TYPES.values()}

Ranges = tuple[range, ...]


@dataclass(frozen=True)
class Opendap:
    """A data set on an OPeNDAP server, where a path could stand.

    Attributes
    ----------
    url : str
        Without suffix and constraint.
    """

    url: str

    def __post_init__(self) -> None:
        refuse_foreign_url(self.url)
        parts = urlsplit(self.url)
        object.__setattr__(
            self, "url", urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
        )

    def __str__(self) -> str:
        return self.url

    def open(
        self,
        store: Store | None = None,
        *,
        most_bytes: int = MOST_BYTES,
        refresh: bool = False,
    ) -> xr.Dataset:
        """Open the data set; values are fetched when they are asked for.

        Parameters
        ----------
        store : Store, optional
            Keeps what is fetched. Default: that of the user.
        most_bytes : int
            Of one answer. [byte]
        refresh : bool
            Fetch again what the store holds.

        Returns
        -------
        Dataset
            Numeric variables, masked and scaled; times as numbers. Text is left out.

        Raises
        ------
        UnreadableFileError
            If the server cannot be reached or does not speak OPeNDAP (DAP 2); also when values
            are read.

        Notes
        -----
        How the data set is laid out is asked for again after an hour. Where that has changed, so
        may the values have, and they are fetched anew.

        References
        ----------
        .. [R1] J. Gallagher et al., The Data Access Protocol, DAP 2.0, NASA ESE-RFC-004.1.2, 2007.
        """
        return _Server(self.url, store or default_store(), most_bytes, refresh=refresh).open()


class _Server:
    """What is known of one data set, and the way to its values."""

    def __init__(self, url: str, store: Store, most_bytes: int, *, refresh: bool) -> None:
        self._url = url
        self._store = store
        self._most_bytes = most_bytes
        self._values_last = timedelta(0) if refresh else None
        self._headers_last = timedelta(0) if refresh else _HEADERS_LAST
        self._layout = self._header("dds", "Dataset")
        self._attributes = self._header("das", "Attributes")
        self._version = f"{self._layout.parent.name[:12]}-{self._attributes.parent.name[:12]}"

    def open(self) -> xr.Dataset:
        attributes = self._read_attributes()
        with _faults_of(self._url, "layout"):
            variables = {
                name: xr.Variable(
                    dims,
                    indexing.LazilyIndexedArray(_RemoteArray(self, path, dtype, shape)),
                    attributes.get(name, {}),
                )
                for name, path, dims, shape, dtype in self._find_variables()
            }
            raw = xr.Dataset(variables, attrs=attributes.get("NC_GLOBAL", {}))
            return xr.decode_cf(raw, decode_times=False, decode_coords=False)

    def fetch(self, path: str, dtype: np.dtype[Any], wanted: Ranges) -> npt.NDArray[np.generic]:
        """Return the values at some places, in as many answers as the limit asks for."""
        values = np.empty(tuple(map(len, wanted)), dtype)
        if values.size:
            for place, piece in _pieces(wanted, self._most_bytes // _ON_THE_WIRE[dtype].itemsize):
                values[place] = self._fetch_piece(path, dtype, piece)
        return values

    def _fetch_piece(
        self, path: str, dtype: np.dtype[Any], piece: Ranges
    ) -> npt.NDArray[np.generic]:
        constraint = path + "".join(map(_hyperslab, piece))
        shape = tuple(map(len, piece))
        decode: Callable[[Path], npt.NDArray[np.generic]] = partial(
            _decode, dtype=dtype, shape=shape, where=self._url
        )
        answer = self._store.get(
            f"{self._url}.dods?{constraint} of {self._version}",
            lambda file: download(
                # brackets are not allowed in a URL, and some servers refuse them
                f"{self._url}.dods?{quote(constraint, safe=':,')}",
                file,
                check=decode,
                most_bytes=2 * self._most_bytes + _MOST_HEADER_BYTES,
            ),
            name="values.dods",
            max_age=self._values_last,
        )
        return decode(answer)

    def _header(self, suffix: str, keyword: str) -> Path:
        """Fetch one of the two texts that say what there is."""
        url = f"{self._url}.{suffix}"

        def check(file: Path) -> None:
            text = _text(file)
            if not text.lstrip().startswith(keyword):
                raise CatalogError(
                    f"expected OPeNDAP ({keyword} {{...}}), found {_excerpt(text)!r}"
                )

        return self._store.get(
            url,
            lambda file: download(url, file, check=check, most_bytes=_MOST_HEADER_BYTES),
            name=f"header.{suffix}",
            max_age=self._headers_last,
        )

    def _read_attributes(self) -> dict[str, dict[str, Any]]:
        parser = _TypedAttributes(_text(self._attributes))
        with _faults_of(self._url, "attributes"):
            found: dict[str, dict[str, Any]] = parser.parse()
        return {k: v for k, v in found.items() if isinstance(v, dict)}

    def _find_variables(
        self,
    ) -> Iterator[tuple[str, str, tuple[str, ...], tuple[int, ...], np.dtype[Any]]]:
        """Yield name, path on the server, dimensions, shape and type of each numeric variable."""
        layout = dds_to_dataset(_text(self._layout))
        found: dict[str, tuple[str, BaseType]] = {}
        for name in layout:
            item = layout[name]
            if isinstance(item, GridType):
                found |= {key: (f"{name}.{key}", item[key]) for key in item if key not in layout}
                found[name] = (f"{name}.{name}", item.array)
            elif isinstance(item, BaseType):
                found[name] = (name, item)
        for name, (path, variable) in found.items():
            dtype = variable.dtype.newbyteorder("=")
            if dtype in _ON_THE_WIRE:
                shape = tuple(variable.shape)
                dims = tuple(d.rsplit("/", 1)[-1] for d in variable.dims)
                yield name, path, dims or _unnamed(name, shape), shape, dtype


class _RemoteArray(BackendArray):
    """A variable on a server, for xarray."""

    def __init__(
        self, server: _Server, path: str, dtype: np.dtype[Any], shape: tuple[int, ...]
    ) -> None:
        self._server = server
        self._path = path
        self.dtype = dtype
        self.shape = shape

    def __getitem__(self, key: indexing.ExplicitIndexer) -> npt.NDArray[np.generic]:
        values: npt.NDArray[np.generic] = indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.BASIC, self._read
        )
        return values

    def _read(self, key: tuple[int | slice, ...]) -> npt.NDArray[np.generic]:
        wanted = tuple(
            range(k % n, k % n + 1) if isinstance(k, int | np.integer) else range(n)[k]
            for k, n in zip(key, self.shape, strict=True)
        )
        values = self._server.fetch(self._path, self.dtype, wanted)
        lone = tuple(0 if isinstance(k, int | np.integer) else slice(None) for k in key)
        return values[lone]


class _TypedAttributes(DASParser):  # type: ignore[misc]
    """Attributes in the type that the server names: a Float32 is none of Python's numbers."""

    def attribute(self) -> tuple[str, Any]:
        kind = self.peek(r"[^\s]+").lower()
        name, value = super().attribute()
        if kind in _TYPES:
            value = np.asarray(value).astype(_TYPES[kind][0])
            value = value[()]  # a scalar where there is one value
        elif isinstance(value, list):
            value = ", ".join(map(str, value))
        return unquote(name), value


def _pieces(wanted: Ranges, most_values: int) -> Iterator[tuple[tuple[slice, ...], Ranges]]:
    """Cut places into blocks of at most so many values: where in the result, and which places."""
    sizes = [len(r) for r in wanted]
    # from the first dimension on, as the last ones lie together in the file
    for axis in range(len(sizes)):
        rest = math.prod(sizes[axis + 1 :])
        sizes[axis] = max(1, min(sizes[axis], most_values // max(rest, 1)))
        if math.prod(sizes) <= most_values:
            break
    starts = (range(0, len(r), size) for r, size in zip(wanted, sizes, strict=True))
    for corner in product(*starts):
        place = tuple(slice(c, c + size) for c, size in zip(corner, sizes, strict=True))
        yield place, tuple(r[p] for r, p in zip(wanted, place, strict=True))


def _hyperslab(places: range) -> str:
    """Return a range as DAP has it; without a stride of 1, which some servers take for the end."""
    stride = "" if places.step == 1 else f"{places.step}:"
    return f"[{places.start}:{stride}{places[-1]}]"


def _decode(
    file: Path, *, dtype: np.dtype[Any], shape: tuple[int, ...], where: str
) -> npt.NDArray[np.generic]:
    """Return the first variable of an answer, and refuse an answer that is not whole.

    Some servers send the coordinates of a grid behind what they were asked for.
    """
    content = file.read_bytes()
    header, marker, rest = content.partition(_MARKER)
    if not marker:
        raise UnreadableFileError(f"{where}: expected values, found {_excerpt(_text(file))!r}")
    data = rest[2:] if rest.startswith(b"\r\n") else rest[1:]
    wire = _ON_THE_WIRE[dtype]
    count = math.prod(shape)
    whole = _size_of(header.decode("utf-8", "replace"), where)
    if len(data) != whole:
        raise UnreadableFileError(
            f"{where}: expected {whole} bytes, found {len(data)}; the answer is not whole"
        )
    if shape:
        lengths = np.frombuffer(data[:8], ">u4").tolist()
        data = data[8:]
        if lengths != [count, count]:
            raise UnreadableFileError(f"{where}: expected {count} values, found {lengths}")
    size = count * wire.itemsize
    if len(data) < size:
        raise UnreadableFileError(
            f"{where}: expected {size} bytes of values, found {len(data)}; not what was asked for"
        )
    return np.frombuffer(data[:size], wire).astype(dtype).reshape(shape)


def _size_of(header: str, where: str) -> int:
    """Return how many bytes of values follow the header of an answer."""
    size = 0
    with _faults_of(where, "layout of its answer"):
        for variable in _leaves(dds_to_dataset(header)):
            wire = _ON_THE_WIRE[variable.dtype.newbyteorder("=")]
            values = math.prod(variable.shape) * wire.itemsize
            size += values + -values % 4 + (8 if variable.shape else 0)
    return size


def _leaves(item: Any) -> Iterator[BaseType]:
    if isinstance(item, BaseType):
        yield item
    else:
        for name in item:
            yield from _leaves(item[name])


def _unnamed(name: str, shape: tuple[int, ...]) -> tuple[str, ...]:
    """Return names for dimensions that have none: a lone one is that of a coordinate."""
    return (name,) if len(shape) == 1 else tuple(f"{name}_{k}" for k in range(len(shape)))


def _text(file: Path) -> str:
    return file.read_bytes().decode("utf-8", errors="replace")


def _excerpt(text: str) -> str:
    return " ".join(text.split())[:120]


@contextmanager
def _faults_of(url: str, what: str) -> Iterator[None]:
    """Say in one line what the parsers of DAP stumble over, which raise whatever comes."""
    try:
        yield
    except Exception as error:
        raise UnreadableFileError(
            f"{url}: the {what} that the server sends cannot be read "
            f"({type(error).__name__}: {_excerpt(str(error))}); expected OPeNDAP, DAP 2"
        ) from error
