"""`python -m witoil` is the command line."""

from witoil.cli.process import run

run()
