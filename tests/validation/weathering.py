"""Weathering beside that of another model: the figures, and which choice explains what.

`python -m tests.validation.weathering FOLDER` computes everything anew from the reference figures
in FOLDER, and writes the tables of `weathering.md`; `python -m docs.pictures` draws its picture.
"""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

import simulator
from simulator import Oil, Processes
from simulator.elements import oil_table
from simulator.kernels.buoyancy import sea_water_density
from simulator.kernels.emulsification import (
    viscosity_factor_evaporation,
    viscosity_factor_mooney1951,
    water_fraction_after,
)
from simulator.kernels.entrainment import entrainment_rate_delvigne1988
from simulator.kernels.evaporation import decay, mass_transfer_mackay1973
from simulator.kernels.tables import table_place
from simulator.kernels.waves import wave_height_pierson1964, wave_period_pierson1964
from simulator.kernels.weathering import evaporation_exponent
from tests.simulator.builders import START, carry, forcing

REPORT = Path(__file__).with_name("weathering.md")

OILS = {
    "light crude": "GENERIC LIGHT CRUDE",
    "heavy crude": "GENERIC HEAVY CRUDE",
    "diesel": "GENERIC DIESEL",
}
WINDS = (5.0, 10.0)
HOURS = (1, 3, 6, 12, 24, 48)
QUANTITIES = ("evaporated", "dispersed", "water", "viscosity")

VOLUME = 100.0
"""Of the spill. [m3]"""

FILM = 1e-3
"""Thickness of the slick when it is released. [m]"""

TEMPERATURE = 293.15
PARTICLES = 20_000

SMALL_DROPLETS = Processes(dispersion="delvigne1988", vertical_mixing=False, spreading=False)
ALL_DROPLETS = Processes(dispersion="li2017", spreading=False)


class Budget(NamedTuple):
    """What became of the oil, at each of `HOURS`.

    Attributes
    ----------
    evaporated, dispersed : ndarray
        Share of the released mass. [%]
    water : ndarray
        Share of water in the floating emulsion. [%]
    viscosity : ndarray
        Kinematic, of the floating emulsion. [mm2 s-1]
    """

    evaporated: np.ndarray
    dispersed: np.ndarray
    water: np.ndarray
    viscosity: np.ndarray


def reference_oils(folder: Path) -> dict[str, Oil]:
    """Make the peer's oils: components of equal boiling point are one, all above 1000 K residue."""
    properties = json.loads((folder / "oil_properties.json").read_text())
    return {short: _oil(properties[name]) for short, name in OILS.items()}


def _oil(properties: dict) -> Oil:
    oil = properties["gnome_oil"]
    components: dict[float, float] = {}
    for boiling_point, fraction in zip(oil["boiling_point"], oil["mass_fraction"], strict=True):
        boiling_point = min(boiling_point, 1000.0)
        components[boiling_point] = components.get(boiling_point, 0.0) + fraction
    components = {b: f for b, f in sorted(components.items()) if f > 0.0}
    total = sum(components.values())
    return Oil(
        oil["name"],
        tuple(zip(oil["density_ref_temps"], oil["densities"], strict=True)),
        tuple(zip(oil["kvis_ref_temps"], oil["kvis"], strict=True)),
        tuple(f / total for f in components.values()),
        tuple(components),
        oil["emulsion_water_fraction_max"],
        properties["oil_water_surface_tension"],
        oil["pour_point"],
    )


def onsets(folder: Path) -> dict[str, float]:
    """Return the evaporated share at which the peer's oils begin to take up water. [1]"""
    properties = json.loads((folder / "oil_properties.json").read_text())
    return {short: properties[name]["bullwinkle"] for short, name in OILS.items()}


def reference(folder: Path, *, intended: bool, mixing: bool = False) -> dict[tuple, Budget]:
    """Read the peer's budgets, by oil and wind speed.

    Parameters
    ----------
    folder : Path
    intended : bool
        Its dispersion as its source means it, rather than as it runs.
    mixing : bool
        With droplets of all sizes mixed; those under water count as dispersed.
    """
    name = "weathering_openoil" + ("_pygnome_dispersion" if intended else "") + ".csv"
    with (folder / name).open() as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if row["vertical_mixing"] == ("on" if mixing else "off")
            # a few runs were made again with other numbers of particles or longer steps
            and row["dt_s"] == "900"
        ]
    found = {}
    for short, full in OILS.items():
        for wind in WINDS:
            mine = [r for r in rows if r["oil"] == full and float(r["wind_ms"]) == wind]
            if mine:
                found[short, wind] = _peer_budget(mine[: len(HOURS)])
    return found


def _peer_budget(rows: list[dict[str, str]]) -> Budget:
    assert [int(row["hour"]) for row in rows] == list(HOURS)

    def column(name: str) -> np.ndarray:
        return np.array([float(row[name]) for row in rows])

    return Budget(
        column("evaporated_pct"),
        column("dispersed_pct") + column("submerged_pct"),
        100.0 * column("water_fraction_surface"),
        column("viscosity_cSt_surface"),
    )


def simulate(oil: Oil, wind: float, processes: Processes, minutes: float = 15.0) -> Budget:
    """Let a slick of one millimetre that neither moves nor spreads weather for two days."""
    mass = VOLUME * oil.density(288.15)
    each = np.ones(PARTICLES)
    slick = simulator.Particles(
        longitude=35.0 * each,
        latitude=35.5 * each,
        mass=mass / PARTICLES * each,
        release_time=np.full(PARTICLES, START),
        release_number=np.zeros(PARTICLES, np.int32),
        z=0.0 * each,
        slick_mass=mass * each,
        slick_area=VOLUME / FILM * each,
        age=0.0 * each,
        droplet_diameter=np.nan * each,
    )
    result = carry(
        forcing(wind=(wind, 0.0)),
        slick,
        HOURS[-1],
        outputs=HOURS,
        minutes=minutes,
        oil=oil,
        processes=processes,
        water_temperature=TEMPERATURE,
    )
    afloat = (result["status"] == simulator.Status.AFLOAT).values
    assert afloat.any(axis=0).all()
    return Budget(
        100.0 * (result["evaporated_mass"] / result["released_mass"]).values,
        100.0 * (result["dispersed_mass"] / result["released_mass"]).values,
        100.0 * result["water_fraction"].where(afloat).mean("trajectory").values,
        1e6 * result["viscosity"].where(afloat).mean("trajectory").values,
    )


@dataclass(frozen=True)
class Choices:
    """Where the two models chose differently; the defaults are ours.

    Attributes
    ----------
    evaporation_hours : float
        After which nothing evaporates any more. [h]
    water_covers : bool
        Water in the emulsion keeps its share of the surface from evaporating.
    area_shrinks : bool
        The film keeps its thickness and not its area.
    onset : float
        Evaporated share from which on the oil takes up water. [1]
    droplet_surface : bool
        Water is taken up as the surface of its droplets grows (Eley et al. 1988), not by Mackay.
    pal_viscosity : bool
        (1 + r / (1.187 - r))**2.49, r = w / 0.84, instead of Mooney's factor.
    lost_thickens : bool
        Oil that dispersed is left out of what the evaporated share is a share of.
    water_disperses : bool
        Water does not keep its share of the slick from dispersing.
    significant_height : bool
        Of the waves, for the root mean square height of the breakers.
    peer_rate : bool
        A mass per area of 1 kg m-2 in the loss to dispersion, for density times thickness, and
        periods longer by 1.17 / 1.075.
    waves_after_air : bool
        Decides on water, viscosity and dispersion, in steps of 15 minutes.
    viscosity_over_density : bool
        Under the root that damps dispersion, though the viscosity is kinematic.
    """

    evaporation_hours: float = np.inf
    water_covers: bool = True
    area_shrinks: bool = False
    onset: float = 0.0
    droplet_surface: bool = False
    pal_viscosity: bool = False
    lost_thickens: bool = False
    water_disperses: bool = False
    significant_height: bool = False
    peer_rate: bool = False
    waves_after_air: bool = False
    viscosity_over_density: bool = False


class Box:
    """One element of the slick, and the share of all elements that is still afloat."""

    def __init__(self, oil: Oil, wind: float, choices: Choices) -> None:
        self.oil, self.wind, self.choices = oil, wind, choices
        self.table = oil_table(oil)
        self.fresh_viscosity = oil.kinematic_viscosity(TEMPERATURE)
        self.fresh_density = oil.density(TEMPERATURE)
        self.water_density = sea_water_density(TEMPERATURE)
        self.mass = VOLUME * oil.density(288.15) * self.table.mass_fraction
        self.initial_mass = self.mass.sum()
        self.element_loss = 0.0
        self.evaporated = 0.0
        self.afloat = 1.0
        self.water = 0.0
        self.surface = 0.0
        self.seconds = 0.0

    @property
    def evaporated_share(self) -> float:
        """What thickens the oil. [1]"""
        if self.choices.lost_thickens:
            return self.evaporated / (self.evaporated + self.afloat * self.mass.sum())
        return self.element_loss / (self.element_loss + self.mass.sum())

    @property
    def viscosity(self) -> float:
        """Of the emulsion. [m2 s-1]"""
        oil = self.fresh_viscosity
        oil *= viscosity_factor_evaporation(self.evaporated_share, self.fresh_viscosity)
        if self.choices.pal_viscosity:
            ratio = self.water / 0.84
            return oil * (1.0 + ratio / (1.187 - ratio)) ** 2.49
        return oil * viscosity_factor_mooney1951(self.water)

    def step(self, dt: float) -> None:
        """Go on by `dt`, in the order of the time loop."""
        share, viscosity = self.evaporated_share, self.viscosity
        if not self.choices.waves_after_air:
            self._disperse(dt, viscosity)
        if self.seconds < 3600.0 * self.choices.evaporation_hours:
            self._evaporate(dt)
        self._emulsify(dt, share if self.choices.waves_after_air else self.evaporated_share)
        if self.choices.waves_after_air:
            self._disperse(dt, viscosity)
        self.seconds += dt

    def _evaporate(self, dt: float) -> None:
        area = VOLUME / FILM
        if self.choices.area_shrinks:
            wet = self.fresh_density + self.water * (self.water_density - self.fresh_density)
            area = self.mass.sum() / wet / FILM
        if self.choices.water_covers:
            area *= 1.0 - self.water
        moles = float(self.mass @ self.table.moles_per_mass)
        speed = mass_transfer_mackay1973(self.wind)
        exponent = evaporation_exponent(area, speed, TEMPERATURE, moles, dt)
        row, weight = table_place(
            TEMPERATURE,
            self.table.coldest,
            self.table.per_kelvin,
            len(self.table.expansion),
        )
        below, above = self.table.vapour_pressure[:, row : row + 2].T
        left = self.mass * decay.py_func(exponent * (below + weight * (above - below)))
        lost = float((self.mass - left).sum())
        self.mass = left
        self.element_loss += lost
        self.evaporated += self.afloat * lost

    def _emulsify(self, dt: float, evaporated_share: float) -> None:
        wettest = self.oil.max_water_fraction
        if wettest == 0.0 or evaporated_share < self.choices.onset:
            return
        if not self.choices.droplet_surface:
            self.water = water_fraction_after(self.water, wettest, self.wind, dt)
            return
        rate = 6.0 * 2.024e-6 * self.wind**2 / 1e-5
        most = 6.0 / 1e-6 * wettest / (1.0 - wettest)
        self.surface = min(self.surface + rate * dt * np.exp(-rate / most * self.seconds), most)
        self.water = min(self.surface * 1e-5 / (6.0 + self.surface * 1e-5), wettest)

    def _disperse(self, dt: float, viscosity: float) -> None:
        chosen = self.choices
        height = wave_height_pierson1964(self.wind) * (
            np.sqrt(2.0) if chosen.significant_height else 1.0
        )
        period = wave_period_pierson1964(self.wind) * (1.17 / 1.075 if chosen.peer_rate else 1.0)
        volume = float(self.mass @ self.table.volume_per_mass)
        thickness = volume / (VOLUME / FILM)
        density = self.mass.sum() / volume
        rate = entrainment_rate_delvigne1988(
            height,
            0.032 * max(self.wind - 5.0, 0.0) / period,
            viscosity / (self.fresh_density if chosen.viscosity_over_density else 1.0),
            1.0 / density if chosen.peer_rate else thickness,
            density,
            self.water_density,
            0.0 if chosen.water_disperses else self.water,
        )
        self.afloat *= np.exp(-rate * dt)

    def budget(self) -> tuple[float, float, float, float]:
        """Return the present value of each of `QUANTITIES`."""
        left = self.afloat * self.mass.sum() + self.evaporated
        return (
            100.0 * self.evaporated / self.initial_mass,
            100.0 * (1.0 - left / self.initial_mass),
            100.0 * self.water,
            1e6 * self.viscosity,
        )


def solve(oil: Oil, wind: float, choices: Choices) -> Budget:
    """Weather a slick by the same laws, but with other choices, without particles."""
    box = Box(oil, wind, choices)
    dt = 900.0
    rows = []
    for _ in range(round(HOURS[-1] * 3600.0 / dt)):
        box.step(dt)
        if box.seconds / 3600.0 in HOURS:
            rows.append(box.budget())
    return Budget(*np.array(rows).T)


def bridge(oil: Oil, wind: float, onset: float) -> dict[str, Budget]:
    """Go from our choices to the peer's, one after another."""
    changes = [
        ("ours", {}),
        ("evaporation stops after 24 h", {"evaporation_hours": 24.0}),
        ("water covers nothing", {"water_covers": False}),
        ("film keeps its thickness", {"area_shrinks": True}),
        ("water by surface of droplets", {"droplet_surface": True}),
        ("water from an onset on", {"onset": onset}),
        ("other viscosity of emulsions", {"pal_viscosity": True}),
        ("evaporated share without dispersed", {"lost_thickens": True}),
        ("wet oil disperses like dry", {"water_disperses": True}),
        ("significant wave height", {"significant_height": True}),
        ("1 kg m-2, longer periods", {"peer_rate": True}),
        ("waves after air", {"waves_after_air": True}),
        ("viscosity over density", {"viscosity_over_density": True}),
    ]
    choices = Choices()
    steps = {}
    for name, change in changes:
        choices = replace(choices, **change)
        steps[name] = solve(oil, wind, choices)
    return steps


class Comparison(NamedTuple):
    """Everything that the report shows, by oil and wind speed.

    Attributes
    ----------
    small, every : dict of Budget
        Ours with the droplets that stay under water, and with droplets of all sizes.
    meant, as_run, mixed : dict of Budget
        The peer's: as its source means it, as it runs, and with droplets of all sizes.
    bridges : dict of dict of Budget
        See `bridge`.
    """

    small: dict[tuple[str, float], Budget]
    every: dict[tuple[str, float], Budget]
    meant: dict[tuple[str, float], Budget]
    as_run: dict[tuple[str, float], Budget]
    mixed: dict[tuple[str, float], Budget]
    bridges: dict[tuple[str, float], dict[str, Budget]]


def compare(folder: Path) -> Comparison:
    """Compute ours, and read the peer's in the folder of reference figures."""
    oils, onset = reference_oils(folder), onsets(folder)
    cases = [(oil, wind) for oil in OILS for wind in WINDS]
    as_run = reference(folder, intended=False)
    return Comparison(
        small={(o, w): simulate(oils[o], w, SMALL_DROPLETS) for o, w in cases},
        every={(o, w): simulate(oils[o], w, ALL_DROPLETS) for o, w in cases},
        # where no waves break, what disperses is nothing by either form
        meant=as_run | reference(folder, intended=True),
        as_run=as_run,
        mixed=reference(folder, intended=False, mixing=True),
        bridges={(o, w): bridge(oils[o], w, onset[o]) for o, w in cases},
    )


_CASE = ("oil", "wind")


def tables(comparison: Comparison) -> dict[str, list[list[str]]]:
    """Return the tables of the report by name, each a heading and its rows."""
    return {
        "droplets that stay": _stay_table(comparison),
        "droplets of all sizes": _all_sizes_table(comparison),
        "bridges": _bridge_table(comparison),
    }


def _pair(ours: float, peer: float, digits: int = 1) -> list[str]:
    """Write two figures, the second bold where it is more than 10 points from the first."""
    text = f"{peer:.{digits}f}"
    return [f"{ours:.{digits}f}", f"**{text}**" if abs(ours - peer) > 10.0 else text]


def _viscosities(ours: float, peer: float) -> list[str]:
    """Write two viscosities, the second bold where it is more than twice or half the first."""
    text = f"{peer:.3g}" if peer < 1000.0 else f"{peer:.0f}"
    first = f"{ours:.3g}" if ours < 1000.0 else f"{ours:.0f}"
    return [first, text if 0.5 <= peer / ours <= 2.0 else f"**{text}**"]


def _stay_table(c: Comparison) -> list[list[str]]:
    table = [[*_CASE, "h", "evaporated", "peer", "dispersed", "peer, meant", "peer, as run"]]
    table[0] += ["water", "peer", "viscosity", "peer"]
    for (oil, wind), ours in c.small.items():
        meant, as_run = c.meant[oil, wind], c.as_run[oil, wind]
        for k, hour in enumerate(HOURS):
            table.append(
                [
                    oil,
                    f"{wind:.0f}",
                    str(hour),
                    *_pair(ours.evaporated[k], meant.evaporated[k]),
                    *_pair(ours.dispersed[k], meant.dispersed[k]),
                    *_pair(ours.dispersed[k], as_run.dispersed[k])[1:],
                    *_pair(ours.water[k], meant.water[k]),
                    *_viscosities(ours.viscosity[k], meant.viscosity[k]),
                ]
            )
    return table


def _all_sizes_table(c: Comparison) -> list[list[str]]:
    table = [[*_CASE, "h", "evaporated", "peer", "under water", "peer", "water", "peer"]]
    for (oil, wind), ours in c.every.items():
        if wind == WINDS[0]:  # no waves break
            continue
        peer = c.mixed[oil, wind]
        for k, hour in enumerate(HOURS):
            table.append(
                [
                    oil,
                    f"{wind:.0f}",
                    str(hour),
                    *_pair(ours.evaporated[k], peer.evaporated[k]),
                    *_pair(ours.dispersed[k], peer.dispersed[k]),
                    *_pair(ours.water[k], peer.water[k]),
                ]
            )
    return table


def _bridge_table(c: Comparison) -> list[list[str]]:
    table = [[*_CASE, "with", "evaporated", "at 48 h", "dispersed", "water", "viscosity"]]
    for (oil, wind), steps in c.bridges.items():
        shown = steps | {"peer, meant": c.meant[oil, wind], "peer, as run": c.as_run[oil, wind]}
        before: list[str] = []
        for name, budget in shown.items():
            at = HOURS.index(24)
            row = [
                f"{abs(budget.evaporated[at]):.1f}",
                f"{abs(budget.evaporated[-1]):.1f}",
                f"{abs(budget.dispersed[at]):.1f}",
                f"{budget.water[at]:.1f}",
                f"{budget.viscosity[at]:.3g}"
                if budget.viscosity[at] < 1000.0
                else f"{budget.viscosity[at]:.0f}",
            ]
            # a choice that changes nothing needs no row
            if row != before or name.startswith("peer"):
                table.append([oil, f"{wind:.0f}", name, *row])
            before = row
    return table


def as_markdown(table: list[list[str]]) -> str:
    """Write a table, its first row as the heading; figures to the right."""
    head, *rows = table
    words = {"oil", "with"}
    rule = ["---" if name in words else "---:" for name in head]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *rows))


def read_tables(text: str) -> dict[str, list[list[str]]]:
    """Read the tables of a report."""
    found = {}
    for part in text.split("<!-- table: ")[1:]:
        name, rest = part.split(" -->", 1)
        lines = rest.split("<!-- end -->")[0].strip().splitlines()
        cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
        found[name] = [cells[0], *cells[2:]]
    return found


def with_tables(text: str, fresh: dict[str, list[list[str]]]) -> str:
    """Put tables into a report, at their marks."""
    for name, table in fresh.items():
        mark = f"<!-- table: {name} -->"
        before, rest = text.split(mark)
        after = rest.split("<!-- end -->", 1)[1]
        text = f"{before}{mark}\n\n{as_markdown(table)}\n\n<!-- end -->{after}"
    return text


# Okabe and Ito (2008): told apart by colour-blind readers
_COLOURS = {
    "evaporated": "#E69F00",
    "water in the emulsion": "#0072B2",
    "dispersed, small droplets": "#009E73",
    "under water, all droplets": "#CC79A7",
}
_MARKERS = dict(zip(_COLOURS, "osD^", strict=True))


def draw(comparison: Comparison, path: Path) -> None:
    """Draw ours, solid, and the peer's, dashed, for each oil and wind speed."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.lines import Line2D

    figure, axes = plt.subplots(
        4, 3, figsize=(10, 10), sharex=True, sharey="row", height_ratios=(3, 2, 3, 2)
    )
    for column, oil in enumerate(OILS):
        for row, wind in enumerate(WINDS):
            upper, lower = axes[2 * row, column], axes[2 * row + 1, column]
            key = oil, wind
            upper.set_title(f"{oil}, {wind:.0f} m s$^{{-1}}$", fontsize=10)
            for name, ours, peer in (
                ("evaporated", comparison.small[key][0], comparison.meant[key][0]),
                ("water in the emulsion", comparison.small[key][2], comparison.meant[key][2]),
                ("dispersed, small droplets", comparison.small[key][1], comparison.meant[key][1]),
                ("under water, all droplets", comparison.every[key][1], comparison.mixed[key][1]),
            ):
                style = {"color": _COLOURS[name], "marker": _MARKERS[name], "ms": 4, "lw": 1.5}
                upper.plot(HOURS, ours, "-", **style)
                upper.plot(HOURS, peer, "--", mfc="white", **style)
            style = {"color": "black", "marker": "o", "ms": 4, "lw": 1.5}
            lower.plot(HOURS, comparison.small[key][3], "-", **style)
            lower.plot(HOURS, comparison.meant[key][3], "--", mfc="white", **style)
            lower.set_yscale("log")
            upper.set_ylim(-3, 103)
            lower.set_ylim(3, 3e5)
    for axis in axes.flat:
        axis.set_xscale("log")
        axis.set_xticks(HOURS, [str(hour) for hour in HOURS])
        axis.minorticks_off()
        axis.grid(color="0.9")
        axis.label_outer()
    for row in (0, 2):
        axes[row, 0].set_ylabel("share [%]")
        axes[row + 1, 0].set_ylabel("viscosity\n[mm$^2$ s$^{-1}$]")
    for axis in axes[-1]:
        axis.set_xlabel("time since the release [h]")
    handles = [
        Line2D([], [], color=_COLOURS[name], marker=_MARKERS[name], ms=4, label=name)
        for name in _COLOURS
    ]
    handles += [
        Line2D([], [], color="black", marker="o", ms=4, label="ours"),
        Line2D([], [], color="black", marker="o", ms=4, mfc="white", ls="--", label="peer"),
    ]
    figure.legend(handles=handles, loc="lower center", ncols=3, frameon=False)
    figure.tight_layout(rect=(0, 0.06, 1, 1))
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main(folder: str) -> None:
    """Compute everything anew and write the report."""
    comparison = compare(Path(folder))
    REPORT.write_text(with_tables(REPORT.read_text(), tables(comparison)))


if __name__ == "__main__":
    main(sys.argv[1])
