"""`python -m witoil` is the command line."""

from witoil.cli import main

main()
