"""What is wrong with a plug-in or with what it is given."""

from __future__ import annotations

from witoil.errors import WitoilError


class PluginError(WitoilError):
    """A plug-in that cannot be used, or an input that it cannot take; one line."""
