"""The simulator as a model of DEEPaaS: to predict is to simulate a case, to train to calibrate it.

DEEPaaS asks for libraries that exclude those of the program. So this needs DEEPaaS and the standard
library only, and has the command `witoil` do the work: the one that `WITOIL_COMMAND` names, by
default that of the same Python. Whoever reaches DEEPaaS may ask: a case may name files that came
with it, or lie in the folder that `WITOIL_DATA` names, and no other.
"""

from __future__ import annotations

import io
import json
import os
import shlex
import stat
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import metadata
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

COMMAND, DATA = "WITOIL_COMMAND", "WITOIL_DATA"
_NAME = "case.toml"
_JSON, _ZIP = "application/json", "application/zip"
_MOST_BYTES = 2_000_000_000
_MOST_FILES = 1000
_PASSED = (
    *("PATH", "HOME", "LANG", "TMPDIR", "XDG_CACHE_HOME", "WITOIL_CACHE", "NUMBA_NUM_THREADS"),
    *("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"),
)
_OUTSIDE = ("/", "~", "\\")
"""Starts of names that lead out of a folder."""


def get_metadata() -> dict[str, Any]:
    """Return what DEEPaaS tells of the model."""
    said = metadata("witoil")
    return {
        "id": "witoil",
        "name": "witoil",
        "description": said["Summary"],
        "version": said["Version"],
        "license": said["License-Expression"],
        "author": [said["Author"]],
    }


def get_predict_args() -> dict[str, Any]:
    """Return the fields of a prediction."""
    from webargs import fields, validate

    return {
        "case": fields.Field(
            required=True,
            type="file",
            location="form",
            description=f"the case, TOML, or a zip of {_NAME} and its data",
        ),
        "accept": fields.Str(
            missing=_JSON,
            location="headers",
            validate=validate.OneOf([_JSON, _ZIP]),
            description="the figures, or a zip of all that is written",
        ),
    }


def get_train_args() -> dict[str, Any]:
    """Return the fields of a training, of which DEEPaaS lets none be a file."""
    from webargs import fields

    return {"case": fields.Str(required=True, description="the case, TOML")}


def predict(case: Any, accept: str = _JSON) -> Any:
    """Simulate a case.

    Parameters
    ----------
    case : UploadedFile
        With the attribute `filename`.
    accept : str
        ``application/json`` or ``application/zip``.

    Returns
    -------
    dict or io.BytesIO
        ``summary.json``, or a zip of all that was written.

    Raises
    ------
    ValueError
        Where the case is none, or names what it may not.
    RuntimeError
        Where it cannot be simulated, in the words of the command.
    """
    with TemporaryDirectory(prefix="witoil-deepaas-") as name:
        folder = Path(name)
        _bring(Path(case.filename), folder)
        out = _done("simulate", folder)
        if accept == _ZIP:
            return _packed(out)
        found: dict[str, Any] = json.loads((out / "summary.json").read_bytes())
        return found


def train(case: Any) -> dict[str, Any]:
    """Calibrate a case; return the study, with the parameters of each trial and how good it was.

    Raises
    ------
    ValueError, RuntimeError
        As `predict`.
    """
    with TemporaryDirectory(prefix="witoil-deepaas-") as name:
        folder = Path(name)
        (folder / _NAME).write_text(case, encoding="utf-8")
        found: dict[str, Any] = json.loads((_done("optimise", folder) / "study.json").read_bytes())
        return found


def _bring(path: Path, folder: Path) -> None:
    """Put a case, and what came with it, into a folder."""
    if not zipfile.is_zipfile(path):
        (folder / _NAME).write_bytes(path.read_bytes())
        return
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if len(entries) > _MOST_FILES or sum(it.file_size for it in entries) > _MOST_BYTES:
            raise ValueError(
                f"case: found more than {_MOST_FILES} files or {_MOST_BYTES:,} bytes in the zip"
            )
        for entry in entries:
            if stat.S_ISLNK(entry.external_attr >> 16) or _leads_out(entry.filename):
                raise ValueError(f"case: found {entry.filename!r} in the zip, expected plain files")
            archive.extract(entry, folder)
    if not (folder / _NAME).is_file():
        raise ValueError(f"case: found no {_NAME} in the zip, expected one at its top")


def _done(command: str, folder: Path) -> Path:
    """Run a command of the program on the case of a folder, and return the folder it has filled."""
    try:
        text = (folder / _NAME).read_text(encoding="utf-8")
        case = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"case: is no TOML ({error})") from None
    for value in _texts(case):
        if _leads_out(value):
            raise ValueError(
                f"case: found {value!r}, expected names of files that came with the case, or of "
                "those that the service has"
            )
    data = os.environ.get(DATA)
    for there in Path(data).iterdir() if data else ():
        here = folder / there.name
        if not here.exists():
            here.symlink_to(there.resolve())
    out = folder / "witoil-out"
    program = shlex.split(os.environ.get(COMMAND, "")) or [sys.executable, "-m", "witoil"]
    done = subprocess.run(
        [*program, command, str(folder / _NAME), "--out", str(out), "--no-pictures", "--quiet"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        env={name: os.environ[name] for name in _PASSED if name in os.environ},
        cwd=folder,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"ended with code {done.returncode}"]
        raise RuntimeError(lines[-1].replace(f"{folder}/", ""))
    return out


def _texts(value: Any) -> Iterator[str]:
    """Yield all texts of a document, its keys left out."""
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value


def _leads_out(name: str) -> bool:
    """Return whether a text could name what lies elsewhere, or stand for a variable."""
    return (
        name.startswith(_OUTSIDE)
        or ".." in PurePosixPath(name.replace("\\", "/")).parts
        or "$" in name
        or "://" in name
        or name.split(":")[0].lower() in ("thredds", "opendap", "file", "http", "https")
    )


def _packed(folder: Path) -> io.BytesIO:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    content.seek(0)
    return content
