"""NetCDF files by OPeNDAP: DAP 2, by the data model and the responses of PyDAP.

An answer is made whole before any of it is sent: so a fault, in the request or in the file, is a
status and never a torn answer. Therefore there are bounds on what may be asked for at once.
"""

from __future__ import annotations

import logging
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

import netCDF4
import numpy as np
import numpy.typing as npt
from pydap.model import BaseType, DatasetType
from pydap.responses.ascii import ASCIIResponse
from pydap.responses.das import DASResponse
from pydap.responses.dds import DDSResponse, dds
from pydap.responses.dods import DODSResponse

from catalog.errors import CatalogError, UnreadableFileError
from catalog.files.netcdf import NETCDF_LOCK
from catalog.files.probe import refuse_fatal
from catalog.server.bounds import LONGEST, MOST_BYTES, MOST_TEXT, MOST_VARIABLES

log = logging.getLogger(__name__)

_DAP_TYPES = {
    np.dtype("i2"): "Int16",
    np.dtype("u2"): "UInt16",
    np.dtype("i4"): "Int32",
    np.dtype("u4"): "UInt32",
    np.dtype("f4"): "Float32",
    np.dtype("f8"): "Float64",
}
# DAP 2 has no other integers but bytes, whose sign clients disagree on. Beyond 2^53 a float is not
# exact, but 32 bits would not even hold the number.
_CARRIED_AS = {
    np.dtype(kind): np.dtype(carrier)
    for kind, carrier in {"i1": "i2", "u1": "i2", "i8": "f8", "u8": "f8"}.items()
}

_TERM = re.compile(r"([^\[\]&,()=<>]+)((?:\[\d{1,18}(?::\d{1,18}){0,2}\])*)")
_SLICE = re.compile(r"\[([\d:]+)\]")
_VERSION = b"Core version: DAP/2.0\nServer version: witoil\n"


class ConstraintError(CatalogError):
    """A part of a file that cannot be had."""


class Answer(NamedTuple):
    """What a client gets.

    Attributes
    ----------
    content : bytes
    headers : list of tuple
    """

    content: bytes
    headers: list[tuple[str, str]]


def answer_of(path: Path, kind: str, query: str) -> Answer:
    """Return the answer to a request of DAP 2.

    Parameters
    ----------
    path : Path
        NetCDF file.
    kind : {"dds", "das", "dods", "ascii", "ver"}
        What the address ends with.
    query : str
        Which variables, or parts of them; all, where it is empty. Still percent-encoded.

    Returns
    -------
    Answer

    Raises
    ------
    ConstraintError
        If there is no such part, or it is too much at once.
    UnreadableFileError
        If the file is damaged; the message holds its name and no folder.
    """
    if kind == "ver":
        return Answer(_VERSION, [("Content-Type", "text/plain")])
    try:
        refuse_fatal(path)
        variables, attributes = _opened(path)
        wanted = _wanted("" if kind == "das" else query, variables)
        with_numbers = kind in ("dods", "ascii")
        if with_numbers:
            _refuse_much(wanted, variables, is_text=kind == "ascii")
        dataset = DatasetType(path.name, attributes=attributes)
        for name, slices in wanted.items():
            dataset[name] = _part(variables[name], slices, with_numbers=with_numbers)
        response = RESPONSES[kind](dataset)
        return Answer(b"".join(response), list(response.headers))
    except ConstraintError:
        raise
    except (OSError, RuntimeError, ValueError, IndexError, UnreadableFileError) as error:
        log.warning("%s: %s", path, error)
        raise UnreadableFileError(
            f"{path.name}: cannot be read as NetCDF, it is damaged or has what DAP 2 cannot carry; "
            "expected another file, or the same one got again"
        ) from None


def error_text(message: str) -> str:
    """Return a message as an error of DAP 2."""
    text = message.replace("\\", "\\\\").replace('"', '\\"')
    return f'Error {{\n    code = 3;\n    message = "{text}";\n}};\n'


def _opened(path: Path) -> tuple[dict[str, _Variable], dict[str, Any]]:
    """Return the variables of a file that can be served, and its own attributes."""
    with NETCDF_LOCK, netCDF4.Dataset(path) as file:
        found = {
            name: _Variable(path, variable)
            for name, variable in file.variables.items()
            if _is_numeric(variable)
        }
        return found, _attributes(file)


def _part(variable: _Variable, slices: Sequence[slice], *, with_numbers: bool) -> BaseType:
    if with_numbers:
        data = variable.read(slices)
    else:  # nothing of these is sent but how many there are
        data = np.broadcast_to(np.zeros((), variable.dtype), _lengths(slices))
    return BaseType(variable.name, data, variable.dimensions, variable.attributes)


def _lengths(slices: Sequence[slice]) -> tuple[int, ...]:
    return tuple(len(range(each.start, each.stop, each.step)) for each in slices)


def _wanted(query: str, variables: Mapping[str, _Variable]) -> dict[str, tuple[slice, ...]]:
    """Return the variables that a constraint asks for, and which part of each.

    Raises
    ------
    ConstraintError
    """
    if len(query) > LONGEST:
        raise ConstraintError(f"the constraint is longer than {LONGEST} characters")
    terms = unquote(query).split(",") if query else [*variables]
    if len(terms) > MOST_VARIABLES:
        raise ConstraintError(f"{len(terms)} variables, expected {MOST_VARIABLES} at most")
    found: dict[str, tuple[slice, ...]] = {}
    for term in terms:
        name = term if term in variables else ""
        matched = _TERM.fullmatch(term)
        if not name and matched and matched[1] in variables:
            name = matched[1]
        if not name:
            raise ConstraintError("unknown variable, or not a plain list of variables and slices")
        if name in found:
            raise ConstraintError(f"{name}: twice, expected each variable once")
        texts = _SLICE.findall(term.removeprefix(name))
        found[name] = _slices(name, texts, variables[name].shape)
    return found


def _slices(name: str, texts: Sequence[str], shape: tuple[int, ...]) -> tuple[slice, ...]:
    if not texts:
        return tuple(slice(0, size, 1) for size in shape)
    if len(texts) != len(shape):
        raise ConstraintError(f"{name}: {len(texts)} slices for {len(shape)} dimensions")
    slices = []
    for text, size in zip(texts, shape, strict=True):
        numbers = [int(part) for part in text.split(":")]
        first, last = numbers[0], numbers[-1]
        step = numbers[1] if len(numbers) == 3 else 1
        if not first <= last < size or step == 0:
            raise ConstraintError(f"{name}: a slice is not within the {size} values")
        slices.append(slice(first, last + 1, step))
    return tuple(slices)


def _refuse_much(
    wanted: Mapping[str, Sequence[slice]], variables: Mapping[str, _Variable], *, is_text: bool
) -> None:
    """Refuse what is too much for one answer.

    Raises
    ------
    ConstraintError
    """
    size = count = 0
    for name, slices in wanted.items():
        spans = np.prod([each.stop - each.start for each in slices], dtype=float)
        size += int(spans) * variables[name].dtype.itemsize
        count += int(np.prod(_lengths(slices), dtype=float))
    if size > MOST_BYTES:
        raise ConstraintError(
            f"{size:,} bytes, expected {MOST_BYTES:,} at most; ask for parts, as [0:1:99], or get "
            "the whole file"
        )
    if is_text and count > MOST_TEXT:
        raise ConstraintError(
            f"{count:,} numbers as text, expected {MOST_TEXT:,} at most; ask for parts or .dods"
        )


class _Attributes(DASResponse):  # type: ignore[misc]
    """The DAS, with all digits of the numbers: PyDAP's own has six, too few for a scale."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"Attributes {\n"
        groups = {"NC_GLOBAL": self.dataset.attributes}
        groups |= {child.name: child.attributes for child in self.dataset.children()}
        for name, attributes in groups.items():
            yield f"    {name} {{\n".encode()
            for key, value in attributes.items():
                yield f"        {_attribute(quote(key), value)};\n".encode()
            yield b"    }\n"
        yield b"}\n"


def _attribute(key: str, value: Any) -> str:
    if isinstance(value, str):
        text = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'String {key} "{text}"'
    if isinstance(value, list):
        return _attribute(key, ", ".join(map(str, value)))
    numbers = _carried(np.atleast_1d(value))
    # All digits of a double: some clients know no single precision.
    texts = ", ".join(repr(number.item()) for number in numbers)
    return f"{_DAP_TYPES[numbers.dtype]} {key} {texts}"


class _Numbers(DODSResponse):  # type: ignore[misc]
    """The DDS and the numbers in XDR, whole arrays at once: PyDAP's own goes value by value."""

    def __iter__(self) -> Iterator[bytes]:
        for line in dds(self.dataset):
            yield line.encode("ascii")
        yield b"Data:\n"
        for child in self.dataset.children():
            values = np.asarray(child.data)
            if values.shape:
                yield 2 * struct.pack(">I", values.size)
            # what is shorter than four bytes takes four (RFC 4506, section 4.1)
            width = max(values.dtype.itemsize, 4)
            yield values.astype(f">{values.dtype.kind}{width}").tobytes()


class _Variable:
    """Numbers of a variable, read when they are asked for."""

    def __init__(self, path: Path, variable: Any) -> None:
        self._path = path
        self.name = variable.name
        self.dimensions = variable.dimensions
        stored = _native(variable.dtype)
        self.attributes = _attributes(variable)
        # What older formats cannot say otherwise; the type says it here.
        if str(self.attributes.pop("_Unsigned", "")).lower() == "true":
            stored = np.dtype(f"u{stored.itemsize}")
        self._stored = stored
        for key in {"_FillValue", "missing_value"} & self.attributes.keys():
            self.attributes[key] = self.carry(self.attributes[key])
        self.shape: tuple[int, ...] = variable.shape
        self.dtype = _CARRIED_AS.get(stored, stored)

    def read(self, slices: Sequence[slice]) -> npt.NDArray[Any]:
        """Return a part, in the type that it travels in.

        Raises
        ------
        OSError, RuntimeError
            If the file is damaged there.
        """
        # strides are slow in HDF5: what lies between is read, too, and left out here
        whole = tuple(slice(each.start, each.stop) for each in slices)
        with NETCDF_LOCK, netCDF4.Dataset(self._path) as file:
            file.set_auto_maskandscale(False)
            values = file.variables[self.name][whole if slices else ...]
        steps = tuple(slice(None, None, each.step) for each in slices)
        return self.carry(np.asarray(values)[steps])

    def carry(self, values: Any) -> npt.NDArray[Any]:
        """Return values of the file in the type that they travel in."""
        found = np.asarray(values)
        if self._stored.kind == "u" and found.dtype.kind == "i":
            found = found.astype(self._stored)
        return _carried(found)


def _is_numeric(variable: Any) -> bool:
    """Return whether DAP 2 can carry a variable: no text, nothing compound, no enumeration."""
    is_plain = isinstance(variable.datatype, np.dtype)
    return is_plain and variable.datatype.kind in "iuf" and variable.datatype.itemsize <= 8


def _attributes(holder: Any) -> dict[str, Any]:
    return {
        key: value
        for key in holder.ncattrs()
        if isinstance(value := holder.getncattr(key), str | list | np.number | np.ndarray)
    }


def _native(dtype: Any) -> np.dtype[Any]:
    native: np.dtype[Any] = np.dtype(dtype).newbyteorder("=")
    return native


def _carried(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    native = _native(values.dtype)
    return values.astype(_CARRIED_AS.get(native, native))


RESPONSES = {
    "dds": DDSResponse,
    "das": _Attributes,
    "dods": _Numbers,
    "ascii": ASCIIResponse,
}
"""What there is of a file, beside the version of the server, by how an address ends."""
