"""Weights that are those of the card, and are data: read once, checked, handed on.

The bytes that were checked are the bytes that the runtime gets; nothing is opened a second time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from witoil.plugins.card import FETCHED, ExternalData, Reference, Weights
from witoil.plugins.errors import PluginError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_FETCH = "`witoil modules fetch` says how to get it"
_MOST_BYTES = 2**31 - 1
_DOMAINS = {"", "ai.onnx", "ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc"}
_MOST_ARRAY_BYTES = 2**30


def read_weights(weights: Weights, path: Path) -> bytes:
    """Return an ONNX model as the card has it, with its external tensors inside.

    Parameters
    ----------
    weights : Weights
        Of the card.
    path : Path
        Where the file is.

    Raises
    ------
    PluginError
        Where checksum or size are not those of the card, the file is no ONNX, has operators of its
        own, or tensors in files that the card does not list.
    """
    content = _verified(path, weights)
    model = parsed(content, path)
    foreign = {opset.domain for opset in model.opset_import} - _DOMAINS
    used = {node.domain for node in _nodes(model)} & foreign
    if used:
        raise PluginError(
            f"{path}: found operators of {', '.join(sorted(used))}, expected those of ONNX alone; "
            "export the model without custom operators"
        )
    outside = {_location(tensor, path) for tensor in _external_tensors(model)}
    if not outside:
        return content
    return _with_external(model, outside, weights, path)


def read_arrays(reference: Reference, folder: Path) -> dict[str, npt.NDArray[np.float64]]:
    """Return the arrays of an ``.npz`` file, which cannot hold code.

    Raises
    ------
    PluginError
        Where it is not that of the card, or has anything but numbers.
    """
    import io
    import zipfile

    import numpy as np

    path = _inside(folder, reference.file)
    content = _bytes_of(path, reference.sha256)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            unpacked = sum(member.file_size for member in packed.infolist())
        if unpacked > _MOST_ARRAY_BYTES:
            raise PluginError(f"{path}: found {unpacked / 1e9:.0f} GB unpacked, expected 1 at most")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return {name: np.asarray(arrays[name], dtype=np.float64) for name in arrays.files}
    except (OSError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise PluginError(f"{path}: {error}; expected an .npz of numbers") from None


def _verified(path: Path, weights: Weights | ExternalData) -> bytes:
    try:
        size = path.stat().st_size
    except OSError:
        how = "add it" if weights.sha256 and not weights.uri.startswith(FETCHED) else _FETCH
        raise PluginError(f"{path}: is not there, but its card names it; {how}") from None
    if weights.sha256 is None or weights.bytes is None:
        raise PluginError(
            f"{path}: has no checksum, in its card or pinned; `witoil modules fetch NAME --from` "
            "this file takes and pins it"
        )
    if size != weights.bytes:
        raise PluginError(
            f"{path}: found {size:,} bytes, expected the {weights.bytes:,} of its card"
        )
    if size > _MOST_BYTES:
        raise PluginError(f"{path}: found {size:,} bytes, expected less than 2 GiB")
    return _bytes_of(path, weights.sha256)


def _bytes_of(path: Path, sha256: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PluginError(f"{path}: {error.strerror}; expected a file") from None
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise PluginError(
            f"{path}: found the checksum {found[:12]}…, expected the {sha256[:12]}… of its card: "
            "it is another file, or was damaged or changed"
        )
    return content


def _inside(folder: Path, name: str) -> Path:
    """Return the path of a file of a folder, that does not lead out of it by a link."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise PluginError(f"{path}: leads out of the plug-in's folder; expected a file in it")
    return path


def pinned(path: Path) -> str:
    """Return the table ``[weights]`` of a card for an ONNX file.

    Raises
    ------
    PluginError
        Where it is none.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PluginError(f"{path}: {error.strerror}; expected an ONNX model") from None
    table = pinned_table(path.name, content)
    lines = [
        f'{key} = "{it}"' if isinstance(it, str) else f"{key} = {it}" for key, it in table.items()
    ]
    return "\n".join(["[weights]", *lines])


def pinned_table(name: str, content: bytes) -> dict[str, str | int]:
    """Return the table ``[weights]`` of a card for the bytes of an ONNX file.

    Raises
    ------
    PluginError
        Where they are none.
    """
    model = parsed(content, Path(name))
    return {
        "uri": name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "opset": max(it.version for it in model.opset_import if it.domain in ("", "ai.onnx")),
    }


def weights_path(folder: Path, name: str) -> Path:
    """Return where the weights of a plug-in's folder are.

    Raises
    ------
    PluginError
        Where a link leads out of it.
    """
    return _inside(folder, name)


def parsed(content: bytes, path: Path) -> Any:
    """Return the ONNX model of some bytes.

    Raises
    ------
    PluginError
        Where they are none.
    """
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError:
        raise PluginError(
            "models are read by onnx, which is not installed; expected it: "
            "pip install 'witoil[plugins]'"
        ) from None
    try:
        model = onnx.load_model_from_string(content)
    except (DecodeError, ValueError) as error:
        raise PluginError(f"{path}: is no ONNX ({error}); expected an ONNX model") from None
    if not model.graph.node or not model.opset_import:
        raise PluginError(f"{path}: is no ONNX: it has no graph; expected an ONNX model")
    return model


def _graphs(model: Any) -> Iterator[Any]:
    """Yield all that has nodes: the graph, graphs within nodes, functions."""
    waiting = [model.graph, *model.functions]
    while waiting:
        graph = waiting.pop()
        yield graph
        for node in graph.node:
            for attribute in node.attribute:
                waiting += [attribute.g] if attribute.HasField("g") else []
                waiting += attribute.graphs


def _nodes(model: Any) -> Iterator[Any]:
    for graph in _graphs(model):
        yield from graph.node


def _tensors(model: Any) -> Iterator[Any]:
    for graph in _graphs(model):
        yield from getattr(graph, "initializer", ())
        for sparse in getattr(graph, "sparse_initializer", ()):
            yield from (sparse.values, sparse.indices)
        for node in graph.node:
            for attribute in node.attribute:
                yield from attribute.tensors
                if attribute.HasField("t"):
                    yield attribute.t


def _external_tensors(model: Any) -> Iterator[Any]:
    from onnx.external_data_helper import uses_external_data

    return (it for it in _tensors(model) if uses_external_data(it) or it.external_data)


def _location(tensor: Any, path: Path) -> str:
    location = {it.key: it.value for it in tensor.external_data}.get("location", "")
    if not location:
        raise PluginError(f"{path}: a tensor lies outside, but it is not said where")
    return str(location)


def _with_external(model: Any, outside: set[str], weights: Weights, path: Path) -> bytes:
    """Return the bytes of a model whose tensors in listed files were taken in."""
    import onnx

    listed = {it.uri: it for it in weights.external}
    for location in sorted(outside):
        if location not in listed:
            raise PluginError(
                f"{path}: has tensors in {location!r}; expected them in the file itself, or in one "
                "of the plug-in's folder that [[weights.external]] of its card lists"
            )
        _verified(_inside(path.parent, location), listed[location])
    try:
        onnx.load_external_data_for_model(model, str(path.parent))
        return bytes(model.SerializeToString())
    except (OSError, ValueError, onnx.checker.ValidationError) as error:
        raise PluginError(f"{path}: {error}; expected whole external data") from None
