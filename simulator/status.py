"""What a particle is doing; the codes are those of the kernels and of the output files."""

from enum import IntEnum

from simulator.kernels import transport


class Status(IntEnum):
    """Every particle has exactly one of these at any time."""

    UNRELEASED = transport.UNRELEASED
    AFLOAT = transport.AFLOAT
    BEACHED = transport.BEACHED
    LEFT_DOMAIN = transport.LEFT_DOMAIN
