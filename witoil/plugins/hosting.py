"""How a module comes to be hosted: an environment of its own, and a record of what it says.

Only an operator does this: it runs programs of others, as does the module afterwards.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import platformdirs

from witoil.files import replacing
from witoil.plugins.errors import PluginError
from witoil.plugins.hosted.process import HostedProcess
from witoil.plugins.hosted.record import RECORD, HostedRecord, Limits
from witoil.plugins.registry import namesake

GROUP = "deepaas.v2.model"
"""Where a package says that it has modules."""

_INSTALLED = ("deepaas", "marshmallow<4")
"""What is installed beside a module: before its release 2.5 DEEPaaS asked for any marshmallow."""

_INSTALL_SECONDS = 3600.0
_PASSED = (
    *("PATH", "HOME", "TMPDIR", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    *("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"),
)
"""Variables of ours that pip needs, beside its own."""

_ENTRIES = f"""
import json
from importlib.metadata import entry_points
print(json.dumps(sorted({{it.name for it in entry_points().select(group={GROUP!r})}})))
"""

_TRAINS = f"""
import sys
from importlib.metadata import entry_points
entry = next(iter(entry_points().select(group={GROUP!r}, name=sys.argv[1])))
print(chr(10), callable(getattr(entry.load(), "train", None)))
"""


def host_module(
    requirement: str,
    into: Path,
    *,
    force: bool = False,
    model: str | None = None,
    python: str = sys.executable,
    extra: Sequence[str] = (),
    limits: Limits | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> HostedRecord:
    """Make an environment for a module, start it once, and keep what it says of itself.

    Parameters
    ----------
    requirement : str
        A folder with a Python project, installed as editable, since modules read files beside
        their code; or what pip can install.
    into : Path
        A folder of plug-ins; the module gets one in it.
    force : bool
        Replace what is there by its name; it stays as it is until the new one has started.
    model : str, optional
        Its name in the group ``deepaas.v2.model``, where the package has several.
    python : str
        Interpreter of the environment.
    extra : sequence of str
        Requirements beside those of the package, as ``numpy<2``.
    limits : Limits, optional
    say : callable
        Takes a line on what goes on.

    Returns
    -------
    HostedRecord

    Raises
    ------
    PluginError
        Where it cannot be installed or does not start, and nothing is left behind; or where there
        is a plug-in of its name.
    OutputError
    """
    what = _requirement(requirement)
    folder = into.resolve() / _slug(model or requirement)
    if (folder / RECORD).exists() and not force:
        raise PluginError(f"{folder}: is there already; expected --force to replace it")
    place = folder / f"environment-{uuid4().hex[:8]}"
    had_been = folder.exists()
    try:
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PluginError(f"{folder}: cannot be made ({error.strerror})") from None
        say(f"making an environment in {place}")
        _run([python, "-m", "venv", str(place)], requirement, "makes no environment")
        program = place / "bin" / "python"
        say(f"installing {requirement}")
        _run(
            [str(program), "-m", "pip", "install", *what, *_INSTALLED, *extra],
            requirement,
            "cannot be installed",
        )
        name = _chosen(
            json.loads(_run([str(program), "-I", "-c", _ENTRIES], requirement)), requirement, model
        )
        say(f"starting {name}")
        record = described(
            HostedRecord(
                model=name,
                requirement=requirement,
                python=program,
                metadata={},
                predict={},
                limits=limits or Limits(),
            )
        )
        trains = _run([str(program), "-I", "-c", _TRAINS, name], requirement).splitlines()[-1]
        record = record.model_copy(update={"can_be_trained": "True" in trains})
        _refuse_taken(record, folder)
        with replacing(folder / RECORD) as path:
            path.write_text(record.model_dump_json(indent=1), encoding="utf-8")
    except BaseException:
        shutil.rmtree(place if had_been else folder, ignore_errors=True)
        raise
    for other in folder.glob("environment-*"):
        if other != place:
            shutil.rmtree(other, ignore_errors=True)
    return record


def _requirement(requirement: str) -> list[str]:
    path = Path(requirement)
    if not path.is_dir():
        if requirement.startswith("-") or not requirement.strip():
            raise PluginError(f"found {requirement!r}, expected a folder or the name of a package")
        return [requirement]
    if not any((path / name).is_file() for name in ("pyproject.toml", "setup.py")):
        raise PluginError(
            f"{requirement}: found no pyproject.toml or setup.py, expected a Python project"
        )
    return ["--editable", str(path.resolve())]


def _slug(text: str) -> str:
    """Return the name of a folder for a requirement."""
    name = re.split(r"[\[<>=!~;@ ]", Path(text).resolve().name if os.sep in text else text)[0]
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-.") or "module"


def _run(command: Sequence[str], requirement: str, fault: str = "cannot be looked at") -> str:
    """Return what a command prints, run without our secrets."""
    environment = {
        name: value for name, value in os.environ.items() if name in _PASSED or "PIP_" in name[:4]
    }
    environment.setdefault("PIP_CACHE_DIR", str(platformdirs.user_cache_path("pip")))
    environment |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_INSTALL_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PluginError(f"{requirement}: {fault}: {error}") from None
    if done.returncode:
        raise PluginError(f"{requirement}: {fault}: {_reason(done.stdout + done.stderr)}")
    return done.stdout


def _reason(output: str) -> str:
    """Return the line of pip's words that says most."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    faults = [line for line in lines if line.startswith("ERROR:")]
    clashes = [line for line in lines if "conflict" in line and not line.startswith("WARNING")]
    line = (clashes or faults or lines or ["it says nothing"])[0]
    return line.removeprefix("ERROR: ")[:300]


def _refuse_taken(record: HostedRecord, folder: Path) -> None:
    """Refuse a module whose name another plug-in has, or that is none for a plug-in."""
    name = record.card().model.id
    other = namesake(name, folder)
    if other is not None:
        raise PluginError(
            f"{record.requirement}: found the name {name}, which {other.place} has; expected "
            "another"
        )


def _chosen(names: list[str], requirement: str, model: str | None) -> str:
    if not names:
        raise PluginError(
            f"{requirement}: found nothing in the group {GROUP}, expected a module of DEEPaaS"
        )
    if model is None and len(names) == 1:
        return names[0]
    if model not in names:
        found = "several" if model is None else f"no {model!r}"
        raise PluginError(
            f"{requirement}: found {found}, expected --model with one of {', '.join(names)}"
        )
    return model


def described(record: HostedRecord) -> HostedRecord:
    """Return a record with what the module says of itself."""
    process = HostedProcess(record)
    address = f"/v2/models/{record.model}/"
    try:
        reply = process.get(address)
        metadata = json.loads(reply.content) if reply.status == 200 else {}
        paths = process.swagger["paths"]
    except ValueError:
        raise PluginError(f"{record.name}: found a description that is no JSON") from None
    finally:
        process.stop()
    found: dict[str, Any] = {
        "metadata": {key: value for key, value in metadata.items() if key != "links"},
        "predict": paths.get(f"{address}predict/", {}).get("post", {}),
        "train": paths.get(f"{address}train/", {}).get("post", {}),
    }
    return record.model_copy(update=found)
