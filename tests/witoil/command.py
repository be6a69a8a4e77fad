"""The command line in this process, which has loaded libraries and kernels already."""

import io
import os
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest.mock import patch

from witoil.cli.main import main


@dataclass
class Answer:
    returncode: int
    stdout: str
    stderr: str


def witoil(*arguments: object, env: Mapping[str, str] | None = None) -> Answer:
    """Run a command; what is a fault and no mistake of the user is raised."""
    out, err = io.StringIO(), io.StringIO()
    code: int | str | None = 0
    argv = patch.object(sys, "argv", ["witoil", *map(str, arguments)])
    environment = patch.dict(os.environ, env or {})
    with argv, environment, redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as exit:
            code = exit.code
    return Answer(int(code or 0), out.getvalue(), err.getvalue())
