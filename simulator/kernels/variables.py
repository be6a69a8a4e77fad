"""What is known of each particle: one table, which arrays, restarts, results and documents follow.

To add a variable, add a row to `VARIABLES`, and the constant by which kernels find it.
"""

from typing import Any, NamedTuple

import numpy as np

from simulator.kernels.state import UNRELEASED


class Variable(NamedTuple):
    """A row of the table.

    Attributes
    ----------
    name : str
    dtype : str
        In a restart. In memory numbers have 64 bits and codes, which are integers, 32.
    units : str
        "" for a code.
    initial : float
        Before anything else is known of a particle.
    long_name : str
    attributes : dict
        What CF has beside, in results.
    written : str
        Type in results, "" where it is not among them.
    restarts : bool
        Whether it is in a restart as it is.
    of_oil : bool
        Whether it is missing in results where a particle has no oil left.
    """

    name: str
    dtype: str
    units: str
    initial: float
    long_name: str
    attributes: dict[str, Any] = {}  # noqa: RUF012
    written: str = ""
    restarts: bool = True
    of_oil: bool = False

    @property
    def cf(self) -> dict[str, Any]:
        """The attributes that it has in results."""
        units = {"units": self.units} if self.units else {}
        return {"long_name": self.long_name, **units, **self.attributes}


VARIABLES = (
    Variable("x", "f8", "cells", np.nan, "column, from the first of the grid"),
    Variable("y", "f8", "cells", np.nan, "row, from the first of the grid"),
    Variable(
        "z",
        "f8",
        "m",
        0.0,
        "height above the sea surface, negative under water",
        {"standard_name": "height", "positive": "up"},
        written="f4",
    ),
    Variable("status", "i1", "", UNRELEASED, "what the particle is doing", written="i1"),
    Variable("evaporated_mass", "f8", "kg", 0.0, "mass that went into the air"),
    Variable("absorbed_mass", "f8", "kg", 0.0, "mass that went into the shore for good"),
    Variable(
        "water_fraction",
        "f8",
        "1",
        0.0,
        "volume of water in the emulsion",
        written="f4",
        of_oil=True,
    ),
    Variable("thick_area", "f8", "m2", 0.0, "area of the thick part of the particle's slick"),
    Variable("thin_area", "f8", "m2", 0.0, "area of the thin part of the particle's slick"),
    Variable(
        "spreading",
        "f8",
        "m2",
        0.0,
        "variance, along each axis, of the displacement by which the particle has yet to follow "
        "the growth of its slick",
    ),
    Variable(
        "droplet_diameter", "f8", "m", np.nan, "diameter of droplets, if it ever was under water"
    ),
    Variable(
        "viscosity",
        "f8",
        "m2 s-1",
        np.nan,
        "kinematic viscosity of the oil with its water",
        written="f4",
        of_oil=True,
    ),
    Variable(
        "density",
        "f8",
        "kg m-3",
        np.nan,
        "density of the oil with its water",
        written="f4",
        of_oil=True,
    ),
    Variable(
        "stretch",
        "i4",
        "",
        -1,
        "stretch of coast on which the particle lies or last lay, else -1",
        restarts=False,  # its lattice cell is there: numbers depend on how much coast there is
    ),
    Variable("initial_mass", "f8", "kg", 0.0, "mass released"),
    Variable("parts", "f8", "1", 1.0, "particles of its size in the particle's slick"),
    Variable("age", "f8", "s", 0.0, "how long the oil has weathered when it is released"),
    Variable(
        "release_step",
        "i4",
        "",
        0,
        "step in which the particle starts; particles are sorted by it",
        restarts=False,  # it follows from the steps of the run
    ),
    Variable(
        "release_share",
        "f8",
        "1",
        1.0,
        "share of its first step that the particle lives through",
        restarts=False,
    ),
    Variable(
        "component_mass",
        "f8",
        "kg",
        0.0,
        "mass of oil that is left, by pseudo-component, without its water",
    ),
)
"""Those that a particle has at any time. The last is of as many rows as the oil has components."""

DERIVED = (
    Variable(
        "mass", "f8", "kg", 0.0, "mass of oil that the particle still stands for", written="f8"
    ),
    Variable(
        "thickness",
        "f8",
        "m",
        np.nan,
        "thickness of the oil, its water left out, in its slick",
        written="f4",
        of_oil=True,
    ),
)
"""Those of results that follow from the others."""


def as_table(variables: tuple[Variable, ...]) -> str:
    """Return what the documents say of variables, a table in Markdown."""
    rows = [f"| `{v.name}` | {v.long_name} | {v.units or 'code'} |" for v in variables]
    return "\n".join(["| variable | meaning | unit |", "|---|---|---|", *rows])


NUMBERS = tuple(variable for variable in VARIABLES if variable.dtype[0] == "f")
CODES = tuple(variable for variable in VARIABLES if variable.dtype[0] == "i")
"""The rows of the two arrays that hold the particles of a run or of a chunk, see `Chunk`."""

_NUMBER = {variable.name: row for row, variable in enumerate(NUMBERS)}
_CODE = {variable.name: row for row, variable in enumerate(CODES)}

# numba takes them for constants
X = _NUMBER["x"]
Y = _NUMBER["y"]
Z = _NUMBER["z"]
EVAPORATED_MASS = _NUMBER["evaporated_mass"]
WATER_FRACTION = _NUMBER["water_fraction"]
THICK_AREA = _NUMBER["thick_area"]
THIN_AREA = _NUMBER["thin_area"]
SPREADING = _NUMBER["spreading"]
DROPLET_DIAMETER = _NUMBER["droplet_diameter"]
VISCOSITY = _NUMBER["viscosity"]
DENSITY = _NUMBER["density"]
INITIAL_MASS = _NUMBER["initial_mass"]
PARTS = _NUMBER["parts"]
AGE = _NUMBER["age"]
RELEASE_SHARE = _NUMBER["release_share"]
COMPONENT_MASS = _NUMBER["component_mass"]

STATUS = _CODE["status"]
STRETCH = _CODE["stretch"]
RELEASE_STEP = _CODE["release_step"]

DRIFTING = 2
"""How many of the numbers, the first ones, change where oil only drifts."""
