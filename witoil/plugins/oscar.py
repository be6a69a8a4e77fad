"""What has OSCAR, the programme's platform for functions, run a model on files that arrive.

OSCAR (https://docs.oscar.grycap.net) starts a container for each file that is put into a bucket,
with its place in ``INPUT_FILE_PATH``, and keeps what the script leaves in ``TMP_OUTPUT_DIR``. The
definition is what ``oscar-cli apply`` takes.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

from witoil.files import filling
from witoil.plugins.errors import PluginError
from witoil.plugins.hub import as_yaml
from witoil.plugins.registry import Plugin

SCRIPT, STORAGE = "script.sh", "minio.default"
_IMAGE = re.compile(r"^[a-z0-9]+([._/:@-][A-Za-z0-9._-]+)*$")

_TEXT = """#!/bin/sh
# One file that has arrived: what {name} finds in it goes to the bucket of results.
set -eu
out="$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH").found"
witoil predict {quoted} "$INPUT_FILE_PATH" --to {formats} --out "$out" --quiet
"""


def write_function(
    plugin: Plugin,
    folder: Path,
    *,
    image: str,
    cluster: str = "oscar-cluster",
    bucket: str | None = None,
    cpu: float = 1.0,
    memory_mib: int = 2048,
    formats: str = "json,geojson",
) -> list[str]:
    """Write the definition of a function and its script; return their names.

    Parameters
    ----------
    plugin : Plugin
        That is not broken.
    folder : Path
    image : str
        Container image with `witoil` and the model in its ``WITOIL_PLUGIN_PATH``.
    cluster : str
        As ``oscar-cli`` knows it.
    bucket : str, optional
        With the folders ``in`` and ``out``. Default: the name of the function.
    cpu : float
    memory_mib : int
        [MiB]
    formats : str
        Of the results, parted by commas.

    Raises
    ------
    PluginError
        Where a name is none that OSCAR takes.
    OutputError
    """
    name = _function_name(plugin.name)
    if not _IMAGE.match(image):
        raise PluginError(f"--image: found {image!r}, expected as in ghcr.io/owner/name:tag")
    if bucket is not None and bucket != _function_name(bucket):
        raise PluginError(f"--bucket: found {bucket!r}, expected small letters, digits and -")
    place = bucket or name
    service: dict[str, Any] = {
        "name": name,
        "memory": f"{memory_mib}Mi",
        "cpu": f"{cpu:g}",
        "image": image,
        "script": SCRIPT,
        "log_level": "CRITICAL",
        "input": [{"storage_provider": STORAGE, "path": f"{place}/in"}],
        "output": [{"storage_provider": STORAGE, "path": f"{place}/out"}],
    }
    definition = as_yaml({"functions": {"oscar": [{cluster: service}]}})
    script = _TEXT.format(name=plugin.name, quoted=shlex.quote(plugin.name), formats=formats)
    with filling(folder) as part:
        (part / f"{name}.yaml").write_text(definition, encoding="utf-8")
        (part / SCRIPT).write_text(script, encoding="utf-8")
        (part / SCRIPT).chmod(0o755)
    return [f"{name}.yaml", SCRIPT]


def _function_name(text: str) -> str:
    """Return a name of Kubernetes: small letters, digits and -, a letter first."""
    name = re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-")
    return (name if name[:1].isalpha() else f"m-{name}")[:39].rstrip("-")
