"""What can go wrong for a user of the application, in words."""

from __future__ import annotations


class WitoilError(ValueError):
    """One line: what was wrong, where, what was found, what was expected."""


class CaseError(WitoilError):
    """A case file that cannot be run; one line for each mistake."""


class OutputError(WitoilError, OSError):
    """An output that could not be written; nothing stands under its final name."""
