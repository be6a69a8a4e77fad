"""Errors a caller of the simulator can act on."""


class SimulatorError(ValueError):
    """A run that cannot start; the message says what to change."""
