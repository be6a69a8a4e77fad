"""The command line as a process: how it ends, which it does without the interpreter's help."""

import os
import subprocess
import sys
from textwrap import dedent

import pytest

RUN = """
import atexit, os, sys, threading
import witoil.cli.main
from witoil.cli.process import run

def command():
    {command}

ending = os._exit

def at_once(code):
    print("at once", flush=True)
    ending(code)

os._exit = at_once
atexit.register(print, "registered")
witoil.cli.main.main = command
run()
"""


def ended(command, **options):
    """Return a process in which a function took the place of the command line."""
    options = {"stdout": subprocess.PIPE} | options
    return subprocess.run(
        [sys.executable, "-c", dedent(RUN.format(command=command))],
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("pass", 0),
        ("sys.exit()", 0),
        ("sys.exit(0)", 0),
        ("sys.exit(2)", 2),
        ("sys.exit(130)", 130),
    ],
)
def test_it_ends_with_its_code_and_with_all_that_was_said(command, code):
    done = ended(f"print('said', end=' '); {command}")
    assert (done.returncode, done.stdout, done.stderr) == (code, "said registered\nat once\n", "")


@pytest.mark.slow
def test_words_in_place_of_a_code_are_said():
    done = ended("sys.exit('wrong')")
    assert (done.returncode, done.stderr) == (1, "wrong\n")


def test_a_fault_has_its_traceback():
    done = ended("raise RuntimeError('a fault')")
    assert done.returncode == 1
    assert done.stderr.endswith("RuntimeError: a fault\n")
    assert done.stdout == "registered\n"


@pytest.mark.slow
def test_what_still_runs_comes_to_its_end():
    later = "import time; time.sleep(0.2); print('later')"
    done = ended(f"threading.Thread(target=exec, args=({later!r},)).start(); sys.exit(3)")
    assert (done.returncode, done.stdout) == (3, "later\nregistered\n")


@pytest.mark.slow
def test_who_looks_on_sees_the_end():
    done = ended("sys.setprofile(lambda *_: None)")
    assert done.stdout == "registered\n"


@pytest.mark.slow
@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_process_without_an_output_ends_too(closed):
    done = ended(f"os._exit = ending; sys.{closed}.close(); sys.{closed} = None; sys.exit(4)")
    assert done.returncode == 4


@pytest.mark.slow
def test_a_reader_that_has_gone_is_no_success():
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = ended("print('unheard')", stdout=writing)
    finally:
        os.close(writing)
    assert done.returncode != 0
    assert "BrokenPipeError" in done.stderr
