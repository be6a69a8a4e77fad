"""What can be wrong with the data that a method is given, in words."""

from __future__ import annotations


class AquaticError(ValueError):
    """One line: what was found, what was expected, what to do."""
