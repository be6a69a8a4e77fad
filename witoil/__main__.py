"""`python -m witoil` is the command line."""

from witoil.cli.main import main

main()
