"""A folder of runs and masks, served as THREDDS does: a catalogue, OPeNDAP and whole files."""

from __future__ import annotations

import base64
import re
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote
from xml.etree import ElementTree

import flask
import netCDF4
import numpy as np
import numpy.typing as npt
from pydap.handlers.lib import BaseHandler
from pydap.model import BaseType, DatasetType
from pydap.responses.das import DASResponse
from xarray.backends.netCDF4_ import NETCDF4_PYTHON_LOCK

from catalog.errors import CatalogError, UnreadableFileError
from catalog.files.probe import refuse_fatal
from catalog.remote.store import hash_file

_NAMESPACE = "http://www.unidata.ucar.edu/namespaces/thredds/InvCatalog/v1.0"
_XLINK = "http://www.w3.org/1999/xlink"
_CATALOGUE, _DODS, _FILES = "/thredds/catalog/", "/thredds/dodsC/", "/thredds/fileServer/"
_NETCDF = {".nc", ".nc4", ".cdf"}
_ANSWERS = {"dds", "das", "dods", "ascii", "ver"}

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

_SLICES = re.compile(r"(?:\[\d+(?::\d+){0,2}\])*")


def create_app(folder: Path) -> flask.Flask:
    """Return a web application that serves a folder, and nothing outside it.

    Parameters
    ----------
    folder : Path
        Names that begin with a dot are not served.

    Returns
    -------
    Flask
        ``/thredds/catalog/.../catalog.xml`` (THREDDS catalogue 1.0), ``/thredds/dodsC/...``
        (OPeNDAP, DAP 2, for NetCDF) and ``/thredds/fileServer/...`` (with ranges of bytes).

    Raises
    ------
    UnreadableFileError
        If it is no folder.

    Notes
    -----
    Numbers travel as the file has them, packed ones with their scale; 64-bit integers become
    double precision. Text, groups and compound types are left out.
    """
    root = folder.expanduser().resolve()
    if not root.is_dir():
        raise UnreadableFileError(f"{folder}: is no folder; expected one to serve")
    app = flask.Flask(__name__, static_folder=None)

    @app.get("/")
    @app.get("/thredds/")
    def start() -> Any:
        return flask.redirect(f"{_CATALOGUE}catalog.xml")

    @app.get(f"{_CATALOGUE}catalog.xml")
    @app.get(f"{_CATALOGUE}<path:name>/catalog.xml")
    def catalogue(name: str = "") -> Any:
        content = _catalogue(_inside(root, name, Path.is_dir), root)
        return flask.Response(content, mimetype="application/xml")

    @app.get(f"{_FILES}<path:name>")
    def whole_file(name: str) -> Any:
        path = _inside(root, name, Path.is_file)
        response = flask.send_file(path, conditional=True)
        if response.status_code == 200:
            status = path.stat()
            digest = _digest(path, status.st_size, status.st_mtime_ns)
            response.headers["Repr-Digest"] = f"sha-256=:{digest}:"
        return response

    @app.get(f"{_DODS}<path:address>")
    def opendap(address: str) -> Any:
        name, _, answer = address.rpartition(".")
        path = _inside(root, name, _is_netcdf)
        if answer not in _ANSWERS:
            flask.abort(404)
        try:
            refuse_fatal(path)
            handler = _Handler(path)
        except (OSError, RuntimeError, UnreadableFileError) as error:
            flask.abort(500, f"{name}: cannot be read as NetCDF ({error})")
        fault = _fault_of(flask.request.query_string.decode("latin-1"), handler.dataset)
        if fault:
            text = f'Error {{\n    code = 3;\n    message = "{fault}";\n}};\n'
            return flask.Response(text, 400, mimetype="text/plain")
        return flask.Response.from_app(handler, flask.request.environ)

    return app


def serve(folder: Path, host: str, port: int, *, on_start: Callable[[str], None]) -> None:
    """Serve a folder until interrupted; see `create_app`.

    Parameters
    ----------
    folder : Path
    host : str
        Address to listen at.
    port : int
        0: any that is free.
    on_start : callable
        Called with the URL of the catalogue.

    Raises
    ------
    CatalogError
        If it is no folder, or the port is taken.
    """
    from waitress.server import create_server

    app = create_app(folder)
    try:
        listening = socket.create_server((host, port))
    except OSError as error:
        raise CatalogError(
            f"{host}:{port}: cannot be listened at ({error.strerror}); expected a free port"
        ) from error
    on_start(f"http://{host}:{listening.getsockname()[1]}{_CATALOGUE}catalog.xml")
    create_server(app, sockets=[listening], threads=8, ident="witoil").run()


def _inside(root: Path, name: str, is_right: Callable[[Path], bool]) -> Path:
    """Return the path of a name, or answer 404: links and dots do not lead out of the folder."""
    path = (root / name).resolve()
    is_hidden = any(part.startswith(".") for part in Path(name).parts)
    if is_hidden or not path.is_relative_to(root) or not is_right(path):
        flask.abort(404)
    return path


def _is_netcdf(path: Path) -> bool:
    return path.suffix.lower() in _NETCDF and path.is_file()


@lru_cache(maxsize=4096)
def _digest(path: Path, size: int, modified_ns: int) -> str:
    return base64.b64encode(bytes.fromhex(hash_file(path))).decode()


def _catalogue(folder: Path, root: Path) -> bytes:
    """Return the THREDDS catalogue of a folder."""
    ElementTree.register_namespace("", _NAMESPACE)
    ElementTree.register_namespace("xlink", _XLINK)
    name = folder.relative_to(root).as_posix().strip(".") or root.name
    top = _element(None, "catalog", name=name, version="1.0.1")
    services = _element(top, "service", name="all", serviceType="Compound", base="")
    _element(services, "service", name="odap", serviceType="OPENDAP", base=_DODS)
    _element(services, "service", name="http", serviceType="HTTPServer", base=_FILES)
    within = _element(top, "dataset", name=name, ID=f"witoil/{name}")
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or not path.resolve().is_relative_to(root):
            continue
        if path.is_dir():
            link = {f"{{{_XLINK}}}href": f"{quote(path.name)}/catalog.xml"}
            link[f"{{{_XLINK}}}title"] = path.name
            _element(within, "catalogRef", name=path.name, **link)
        elif path.is_file():
            _describe(within, path, path.relative_to(root).as_posix())
    ElementTree.indent(top)
    content: bytes = ElementTree.tostring(top, "utf-8", xml_declaration=True)
    return content


def _describe(within: ElementTree.Element, path: Path, name: str) -> None:
    status = path.stat()
    changed = datetime.fromtimestamp(status.st_mtime, UTC)
    dataset = _element(within, "dataset", name=path.name, ID=name)
    _element(dataset, "dataSize", units="bytes").text = str(status.st_size)
    _element(dataset, "date", type="modified").text = f"{changed:%Y-%m-%dT%H:%M:%SZ}"
    for service in ("odap", "http") if _is_netcdf(path) else ("http",):
        _element(dataset, "access", serviceName=service, urlPath=quote(name))


def _element(parent: ElementTree.Element | None, tag: str, **attrs: str) -> ElementTree.Element:
    name = f"{{{_NAMESPACE}}}{tag}"
    if parent is None:
        return ElementTree.Element(name, attrs)
    return ElementTree.SubElement(parent, name, attrs)


def _fault_of(query: str, dataset: DatasetType) -> str:
    """Say what is wrong with a constraint, which PyDAP would answer with nonsense; else nothing."""
    for term in filter(None, unquote(query).split(",")):
        name, bracket, rest = term.partition("[")
        name = name.rpartition(".")[2]
        if name not in dataset:
            return "unknown variable, or not a plain list of variables"
        shape = dataset[name].shape
        if not _SLICES.fullmatch(bracket + rest):
            return f"{name}: expected [start:step:stop] for each dimension"
        slices = [tuple(map(int, s.split(":"))) for s in re.findall(r"\[([\d:]+)\]", term)]
        if slices and len(slices) != len(shape):
            return f"{name}: {len(slices)} slices for {len(shape)} dimensions"
        for numbers, size in zip(slices, shape, strict=False):
            first, last = numbers[0], numbers[-1]
            if not first <= last < size or 0 in numbers[1:-1]:
                return f"{name}: a slice is not within the {size} values"
    return ""


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


class _Handler(BaseHandler):  # type: ignore[misc]
    """One NetCDF file for PyDAP, whose own handler cannot give a part of a variable."""

    responses = BaseHandler.responses | {"das": _Attributes}

    def __init__(self, path: Path) -> None:
        super().__init__()
        with NETCDF4_PYTHON_LOCK, netCDF4.Dataset(path) as file:
            file.set_auto_maskandscale(False)
            self.dataset = DatasetType(path.name, attributes=_attributes(file))
            for name, variable in file.variables.items():
                if _is_numeric(variable):
                    data = _Variable(path, variable)
                    self.dataset[name] = BaseType(
                        name,
                        data if data.shape else data.carry(variable[...]),
                        variable.dimensions,
                        data.attributes,
                    )


class _Variable:
    """Numbers of a variable, read when they are asked for."""

    def __init__(self, path: Path, variable: Any) -> None:
        self._path = path
        self._name = variable.name
        stored = _native(variable.dtype)
        self.attributes = _attributes(variable)
        # What older formats cannot say otherwise; the type says it here.
        if str(self.attributes.pop("_Unsigned", "")).lower() == "true":
            stored = np.dtype(f"u{stored.itemsize}")
        self._stored = stored
        for key in {"_FillValue", "missing_value"} & self.attributes.keys():
            self.attributes[key] = self.carry(self.attributes[key])
        self.shape: tuple[int, ...] = variable.shape
        self.ndim = len(self.shape)
        self.dtype = _CARRIED_AS.get(stored, stored)

    def __getitem__(self, key: Any) -> npt.NDArray[Any]:
        with NETCDF4_PYTHON_LOCK, netCDF4.Dataset(self._path) as file:
            file.set_auto_maskandscale(False)
            return self.carry(file.variables[self._name][key])

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
