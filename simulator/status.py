"""What a particle is doing; the codes are those of the kernels and of the output files."""

from enum import IntEnum

from simulator.kernels import state


class Status(IntEnum):
    """Every particle has exactly one of these at any time."""

    UNRELEASED = state.UNRELEASED
    AFLOAT = state.AFLOAT
    BEACHED = state.BEACHED
    LEFT_DOMAIN = state.LEFT_DOMAIN
    SUBMERGED = state.SUBMERGED
    SUNK = state.SUNK
    EVAPORATED = state.EVAPORATED
