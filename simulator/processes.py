"""Which processes work on the oil beside drift and turbulence, and by which law."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from simulator.errors import SimulatorError

Evaporation = Literal["pseudo-components", "mackay1980", "off"]
Dispersion = Literal["li2017", "delvigne1988", "mackay1980", "off"]


@dataclass(frozen=True)
class Processes:
    """What happens to the oil; each can be switched off.

    Attributes
    ----------
    evaporation : {"pseudo-components", "mackay1980", "off"}
    emulsification : bool
        Floating oil takes up water.
    dispersion : {"li2017", "delvigne1988", "mackay1980", "off"}
        Breaking waves drive floating oil into the water.
    vertical_mixing : bool
        Turbulence moves droplets up and down, and they rise to the surface again. Without it only
        droplets are made that are small enough to stay under water for good.
    spreading : bool
        Thick oil spreads by its weight.
    sinking : bool
        Oil that has become denser than the sea sinks.
    shore : bool
        Beached oil seeps into the shore and is washed off again. Without it beached oil stays.
    vertical_diffusivity : float
        In the mixed layer; below nothing is mixed. [m2 s-1]
    mixed_layer_depth : float
        [m]
    """

    evaporation: Evaporation = "pseudo-components"
    emulsification: bool = True
    dispersion: Dispersion = "li2017"
    vertical_mixing: bool = True
    spreading: bool = True
    sinking: bool = True
    shore: bool = True
    vertical_diffusivity: float = 0.01
    mixed_layer_depth: float = 30.0

    def __post_init__(self) -> None:
        for name, choices in (("evaporation", Evaporation), ("dispersion", Dispersion)):
            if getattr(self, name) not in get_args(choices):
                raise SimulatorError(
                    f"{name} = {getattr(self, name)!r}: expected one of "
                    + ", ".join(get_args(choices))
                )
        if not self.vertical_diffusivity >= 0.0:
            raise SimulatorError(
                f"vertical_diffusivity = {self.vertical_diffusivity}: expected 0 or more"
            )
        if not self.mixed_layer_depth > 0.0:
            raise SimulatorError(
                f"mixed_layer_depth = {self.mixed_layer_depth}: expected more than 0"
            )

    @classmethod
    def none(cls) -> Processes:
        """Return drift alone: oil that only moves, and stays where it beaches."""
        return cls("off", False, "off", False, False, False, False)

    @property
    def weathering(self) -> bool:
        """Whether the oil itself changes, or where it is in the water."""
        return (
            self.evaporation != "off"
            or self.dispersion != "off"
            or self.emulsification
            or self.vertical_mixing
            or self.spreading
            or self.sinking
        )
