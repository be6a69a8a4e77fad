"""The numbers by which compiled loops know the laws that a run is asked for by name."""

from simulator.kernels import droplets, weathering

EVAPORATION_CODES: dict[str, int] = {
    "off": weathering.NONE,
    "pseudo-components": weathering.PSEUDO_COMPONENTS,
    "mackay1980": weathering.MACKAY1980,
}
DISPERSION_CODES: dict[str, int] = {
    "off": droplets.NONE,
    "li2017": droplets.LI2017,
    "delvigne1988": droplets.DELVIGNE1988,
    "mackay1980": droplets.MACKAY1980,
}
