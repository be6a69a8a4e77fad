"""A case read from its file or a mapping; mistakes said by key, found and expected."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import (
    BaseModel,
    ValidationError,
)
from pydantic_core import ErrorDetails

from witoil.case.forcing import FieldFiles, Forcing
from witoil.case.releases import (
    AreaRelease,
    Fix,
    LineRelease,
    PointRelease,
    ShipRelease,
)
from witoil.case.schema import (
    Case,
    ClassWeights,
    Forecast,
    Model,
    ObservationFiles,
    Oil,
    Optimise,
    Period,
    ProcessSwitches,
    Score,
    Shore,
)
from witoil.case.uncertainty import Ensemble, ForcingProduct, Normal, Trace
from witoil.errors import CaseError


def load_case(path: str | Path) -> Case:
    """Read and check a case file.

    Parameters
    ----------
    path : str or Path
        TOML.

    Returns
    -------
    Case

    Raises
    ------
    CaseError
        With one line for each mistake: the key, what was found, what was expected.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise CaseError(f"{path}: no such file; expected a case file in TOML") from None
    except IsADirectoryError:
        raise CaseError(f"{path}: is a folder; expected a case file in TOML") from None
    except UnicodeDecodeError as error:
        raise CaseError(f"{path}: not a text file ({error.reason}); expected TOML") from None
    return parse_text(text, path)


def parse_text(text: str, path: Path) -> Case:
    """Check the text of a case file that stands, or will stand, at a path; see `load_case`."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CaseError(f"{path}: not TOML: {error}") from None
    return parse_case(document, folder=path.resolve().parent, name=str(path))


def parse_case(document: dict[str, Any], *, folder: Path = Path(), name: str = "case") -> Case:
    """Check a case that is already a mapping (a TOML document or a JSON body).

    Parameters
    ----------
    document : dict
        Keys and values of the case file.
    folder : Path
        Where relative paths start.
    name : str
        How messages call the case.

    Raises
    ------
    CaseError
    """
    if "folder" in document:
        raise CaseError(f"{name}: folder: unknown key; expected {', '.join(Case.model_fields)}")
    try:
        return Case(**_expand(document, name), folder=folder)
    except ValidationError as error:
        raise CaseError("\n".join(f"{name}: {line}" for line in mistakes(error))) from None


def with_changes(case: Case, section: str, keys: Mapping[str, Any]) -> Case:
    """Return a case with some keys of a section changed, checked as one that is read.

    Raises
    ------
    CaseError
    """
    before: BaseModel = getattr(case, section)
    table = {name: getattr(before, name) for name in before.model_fields_set}
    named = {name: getattr(case, name) for name in case.model_fields_set}
    try:
        return Case(**named | {section: table | dict(keys)})
    except ValidationError as error:
        raise CaseError("\n".join(mistakes(error))) from None


def _expand(value: Any, name: str) -> Any:
    """Replace `${NAME}` by environment variables, all through a document.

    `${NAME}/...` is a path that starts in a folder named by the shell's user, for whom a relative
    one starts where he stands, and not at the case file.
    """
    if isinstance(value, dict):
        return {key: _expand(item, name) for key, item in value.items()}
    if isinstance(value, list):
        return [_expand(item, name) for item in value]
    if isinstance(value, str):
        folder = re.match(r"\$\{(\w+)\}(?=/)", value)
        if folder:
            start = _environment(folder[1], name)
            start = start if "://" in start else os.path.abspath(start)
            value = start + value[folder.end() :]
        return re.sub(r"\$\{(\w+)\}", lambda match: _environment(match[1], name), value)
    return value


def _environment(variable: str, name: str) -> str:
    if variable not in os.environ:
        raise CaseError(
            f"{name}: ${{{variable}}}: environment variable not set; expected it to be, "
            f"for example: export {variable}=..."
        )
    return os.environ[variable]


KINDS = "'area', 'point', 'line' or 'ship'"

_NO_KEYS = (
    *("area", "point", "line", "ship", "one", "several", "bounds", "normal", "classes"),
    *("str", "list[str]", "path", "paths", "table", "tables"),
)
"""What pydantic puts into the place of a mistake to tell alternatives apart."""


def mistakes(error: ValidationError) -> Iterator[str]:
    """Put each mistake that pydantic found in a case into one line: key, found, expected."""
    return map(mistake, error.errors(include_url=False))


def key_of(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Return the keys and numbers that lead to a mistake, out of what pydantic says of it."""
    return tuple(part for part in location if part not in _NO_KEYS)


def mistake(item: ErrorDetails) -> str:
    """Put a mistake into one line."""
    location, kind = item["loc"], item["type"]
    key = ".".join(map(str, key_of(location)))
    message = plainly(item["msg"])
    if kind == "extra_forbidden":
        return f"{key}: unknown key; expected {_known_keys(location)}"
    if kind == "missing":
        return f"{key}: missing; expected {_describe(location)}"
    if kind == "union_tag_not_found":
        return f"{key}.kind: missing; expected {KINDS}"
    if kind == "union_tag_invalid":
        return f"{key}.kind: found {item['ctx']['tag']!r}, expected {KINDS}"
    if kind == "list_type" and isinstance(item["input"], dict):
        return f"{key}: found a table, expected a list of them, [[{key}]]"
    if kind == "tuple_type":
        return f"{key}: found {item['input']!r}, expected two numbers in brackets, [a, b]"
    if location[-1:] == ("normal",):
        return f"{key}: found {item['input']!r}, expected [lower, higher] or {{ mean, sd }}"
    if kind == "value_error" and not isinstance(item["input"], str | int | float):
        return f"{key}: {message}".removeprefix(": ")
    return f"{key}: found {item['input']!r}, {message}"


def plainly(message: str) -> str:
    """Return what pydantic says in the words of this project."""
    message = message.removeprefix("Value error, ")
    message = re.sub(
        r"^(Input|List|Tuple|String|Dictionary) should (be|have) ", "expected ", message
    )
    message = re.sub(r" after validation, not \d+$", "", message)
    return message[:1].lower() + message[1:]


def _section(location: tuple[int | str, ...]) -> type[BaseModel]:
    """Find the model of the table in which a key stands."""
    tables: dict[str, type[BaseModel]] = {
        "time": Period,
        "forcing": Forcing,
        "table": FieldFiles,
        "tables": FieldFiles,
        "area": AreaRelease,
        "point": PointRelease,
        "line": LineRelease,
        "ship": ShipRelease,
        "track": Fix,
        "oil": Oil,
        "model": Model,
        "processes": ProcessSwitches,
        "shore": Shore,
        "observation": ObservationFiles,
        "weight": ClassWeights,
        "score": Score,
        "optimise": Optimise,
        "forecast": Forecast,
        "trace": Trace,
        "ensemble": Ensemble,
        "normal": Normal,
    }
    if location[0] == "ensemble":
        tables["forcing"] = ForcingProduct
    named = [tables[part] for part in location[:-1] if isinstance(part, str) and part in tables]
    return named[-1] if named else Case


def _known_keys(location: tuple[int | str, ...]) -> str:
    return "one of " + ", ".join(k for k in _section(location).model_fields if k != "folder")


def _describe(location: tuple[int | str, ...]) -> str:
    field = _section(location).model_fields.get(str(location[-1]))
    return (field.description if field else None) or f"a table [{location[-1]}]"
