"""Loops that let the weather work on the oil of a chunk: one a process, its law kept elsewhere."""

import numpy as np

from simulator.kernels._jit import kernel, law
from simulator.kernels.buoyancy import sea_water_density
from simulator.kernels.emulsification import (
    emulsion_density,
    water_fraction_after,
    weathered_viscosity,
)
from simulator.kernels.evaporation import decay, evaporation_rate_mackay1980
from simulator.kernels.random import symmetric_pair
from simulator.kernels.spreading import (
    THIN_THICKNESS,
    spreading_variance,
    thick_area_after,
    total_area_after,
)
from simulator.kernels.state import AFLOAT, BEACHED, WIND_STEP
from simulator.kernels.tables import table_place

NONE = 0
PSEUDO_COMPONENTS = 1
MACKAY1980 = 2

GAS_CONSTANT = 8.314462618  # [J mol-1 K-1]

LEAST = 1e-300
"""So that nothing left divides nothing by zero: of moles, mass or volume."""

STILL_THICKNESS = 1e-4
"""A thick part below it does not spread any more: its area would double in months. [m]"""

_RANKS = np.uint64(0x2545F4914F6CDD1D)  # key of the draw that ranks elements


@law
def evaporation_exponent(area, speed, temperature, moles, dt):
    """Return the exponent of the decay of a component of unit vapour pressure. [Pa-1]

    dm_i/dt = -A K P_i / (R T sum(m_j / M_j)) m_i: Raoult's law, each component on its own.

    Parameters
    ----------
    area : float
        That the oil evaporates from. [m2]
    speed : float
        Mass transfer coefficient K. [m s-1]
    temperature : float
        [K]
    moles : float
        Of all components. [mol]
    dt : float
        [s]

    References
    ----------
    Jones (1997), A simplified pseudo-component oil evaporation model, Proc. 20th AMOP.
    """
    return dt * area * speed / (GAS_CONSTANT * temperature * moles)


@kernel
def find_in_tables(count, chunk, oil):
    """Write where the temperatures of a chunk are in the tables of the oil."""
    temperature, row, weight = chunk.temperature, chunk.row, chunk.weight
    coldest, per_kelvin, rows = oil.coldest, oil.per_kelvin, oil.expansion.size
    for k in range(count):
        row[k], weight[k] = table_place(temperature[k], coldest, per_kelvin, rows)


@kernel
def evaporate(count, chunk, oil, settings):
    """Let the oil of a chunk evaporate for the piece of time that it is exposed.

    Changes component_mass and evaporated_mass.
    """
    if settings.evaporation == PSEUDO_COMPONENTS:
        evaporate_components(count, chunk, oil)
    elif settings.evaporation == MACKAY1980:
        evaporate_whole(count, chunk, oil)


@kernel
def evaporate_components(count, chunk, oil):
    """Let pseudo-components evaporate, see `evaporation_exponent`; water keeps its share of area.

    The moles are those at the start of the piece. `chunk.mass` is that of the components, before
    and after.
    """
    moles, before, evaporated = chunk.work, chunk.before, chunk.evaporated_mass
    moles[:count] = 0.0
    before[:count] = chunk.mass[:count]
    for c in range(oil.moles_per_mass.size):
        add_scaled(count, chunk.component_mass[c], oil.moles_per_mass[c], moles)
    find_exponents(count, chunk, oil, moles)
    for c in range(oil.moles_per_mass.size):
        evaporate_component(
            count,
            oil.vapour_pressure[c],
            chunk.row,
            chunk.weight,
            chunk.work,
            chunk.component_mass[c],
        )
    weigh(count, chunk, oil)
    for k in range(count):
        evaporated[k] += before[k] - chunk.mass[k]


@kernel
def add_scaled(count, values, factor, total):
    """Add values times a factor to a total, in place."""
    for k in range(count):
        total[k] += factor * values[k]


@kernel
def find_exponents(count, chunk, oil, moles):
    """Turn the moles of each element into its `evaporation_exponent`, in place."""
    piece, temperature, wind_speed = chunk.piece, chunk.temperature, chunk.wind_speed
    thick, thin, parts, water = (
        chunk.thick_area,
        chunk.thin_area,
        chunk.parts,
        chunk.water_fraction,
    )
    speeds = oil.mass_transfer
    for k in range(count):
        row, weight = table_place(wind_speed[k], 0.0, 1.0 / WIND_STEP, speeds.size)
        speed = speeds[row] + weight * (speeds[row + 1] - speeds[row])
        area = (thick[k] + thin[k]) / parts[k] * (1.0 - water[k])
        amount = max(moles[k], LEAST)
        moles[k] = evaporation_exponent(area, speed, temperature[k], amount, piece[k])


@kernel
def evaporate_component(count, pressures, row, weight, exponent, mass):
    """Let one component of all elements evaporate, in place."""
    for k in range(count):
        pressure = pressures[row[k]]
        pressure += weight[k] * (pressures[row[k] + 1] - pressure)
        mass[k] *= decay(exponent[k] * pressure)


@kernel
def evaporate_whole(count, chunk, oil):
    """Let oil evaporate by Mackay's law, the most volatile components first.

    As in MEDSLIK-II, a step takes at most a fifth of what can still evaporate.
    """
    piece, mass, evaporated = chunk.piece, chunk.component_mass, chunk.evaporated_mass
    for k in range(count):
        if piece[k] == 0.0 or chunk.mass[k] == 0.0:
            continue
        area = (chunk.thick_area[k] + chunk.thin_area[k]) / chunk.parts[k]
        whole = evaporated[k] + chunk.mass[k]
        fraction = evaporated[k] / whole
        rate = evaporation_rate_mackay1980(
            chunk.wind_speed[k],
            chunk.temperature[k],
            chunk.volume[k] / area,
            1e-5 * fresh_vapour_pressure(oil.mass_fraction, oil, chunk.row[k]),
            fraction,
        )
        most = max(oil.volatile_fraction - fraction, 0.0) / 5.0
        wanted = whole * min(rate * piece[k], most)
        lost = 0.0
        for c in range(mass.shape[0]):
            part = min(mass[c, k], wanted - lost)
            mass[c, k] -= part
            lost += part
        evaporated[k] += lost
    weigh(count, chunk, oil)


@kernel
def fresh_vapour_pressure(mass_fraction, oil, row):
    """Return the vapour pressure of the fresh oil, by Raoult's law. [Pa]"""
    moles = 0.0
    pressure = 0.0
    for c in range(mass_fraction.size):
        part = mass_fraction[c] * oil.moles_per_mass[c]
        moles += part
        pressure += part * oil.vapour_pressure[c, row]
    return pressure / moles


@kernel
def weigh(count, chunk, oil):
    """Write mass and volume of the oil of a chunk."""
    chunk.mass[:count] = 0.0
    chunk.volume[:count] = 0.0
    for c in range(oil.volume_per_mass.size):
        add_scaled(count, chunk.component_mass[c], 1.0, chunk.mass)
        add_scaled(count, chunk.component_mass[c], oil.volume_per_mass[c], chunk.volume)


@kernel
def emulsify(count, chunk, oil, settings):
    """Let the oil of a chunk take up water while it floats. Changes water_fraction."""
    if not settings.emulsification or oil.max_water_fraction == 0.0:
        return
    piece, wind_speed, status = chunk.piece, chunk.wind_speed, chunk.status
    water, most = chunk.water_fraction, oil.max_water_fraction
    for k in range(count):
        if status[k] != BEACHED and piece[k] > 0.0:
            water[k] = water_fraction_after(water[k], most, wind_speed[k], piece[k])


@law
def rank(p):
    """Return a number on [0, 1) that sorts an element among those of its slick, once and for all.

    As much of a slick as its thin part holds is of elements of low rank.
    """
    a, _ = symmetric_pair(_RANKS, p)
    return 0.5 * (a + 1.0)


@kernel
def spread(count, chunk, settings):
    """Let the slicks of a chunk's elements grow. Changes thick_area, thin_area and spreading.

    Each element knows the areas of its slick, and takes the slick's volume for so many times its
    own: so elements of one slick in different weather spread differently, and none has to ask the
    others. It belongs to the thick part until the thin one holds so much that its rank is
    reached, and follows its part by a random displacement, of the variance by which a disc of that
    area grows. A thin part lies round the thick one: its disc is that of both.
    """
    if not settings.spreading:
        return
    ids, surfaced, status, volume = chunk.ids, chunk.surfaced, chunk.status, chunk.volume
    thick, thin, spreading, parts = (
        chunk.thick_area,
        chunk.thin_area,
        chunk.spreading,
        chunk.parts,
    )
    for k in range(count):
        spreading[k] = 0.0
        if status[k] != AFLOAT or thick[k] == 0.0:
            continue
        whole = parts[k] * volume[k]
        thick_volume = whole - THIN_THICKNESS * thin[k]
        if thick_volume <= THIN_THICKNESS * thick[k]:
            # all of it is thin now, and the area stays as it is
            thin[k] += thick[k]
            thick[k] = 0.0
            continue
        thickness = thick_volume / thick[k]
        if thickness < STILL_THICKNESS:
            continue
        total = thick[k] + thin[k]
        place = rank(ids[k]) * whole
        followed = total if place < THIN_THICKNESS * thin[k] else thick[k]
        thin_growth = total_area_after(total, thickness, surfaced[k]) - total
        thick_growth = thick_area_after(thick[k], thick_volume, surfaced[k]) - thick[k]
        # the thin part is fed by the thick one, which shrinks by as much as it gives
        thick_growth -= min(thin_growth * THIN_THICKNESS / thickness, 0.5 * thick[k])
        thick[k] += thick_growth
        thin[k] += thin_growth
        to_follow = thick[k] + thin[k] if place < THIN_THICKNESS * thin[k] else thick[k]
        spreading[k] = max(spreading_variance(to_follow - followed), 0.0)


@kernel
def first_spreading(thick, thin, volume, begins):
    """Return the variance that takes fresh oil from one place to a slick of its first size. [m2]

    `volume` is that of the slicks [m3], `begins` says which elements are fresh oil at one place;
    all arrays have one entry a particle.
    """
    variance = np.zeros(thick.size)
    for p in range(thick.size):
        if begins[p]:
            in_thin_part = rank(p) * volume[p] < THIN_THICKNESS * thin[p]
            area = thick[p] + thin[p] if in_thin_part else thick[p]
            variance[p] = spreading_variance(area)
    return variance


@kernel
def describe(begin, count, chunk, oil):
    """Write viscosity and density of the oil of a chunk from an entry on, with its water."""
    find_viscosities(begin, count, chunk, oil.kinematic_viscosity)
    find_densities(begin, count, chunk, oil.expansion)


@kernel
def find_viscosities(begin, count, chunk, viscosities):
    """Write the viscosities that follow from those of the fresh oil by temperature."""
    row, weight, mass, evaporated = chunk.row, chunk.weight, chunk.mass, chunk.evaporated_mass
    water, viscosity = chunk.water_fraction, chunk.viscosity
    for k in range(begin, count):
        fresh = viscosities[row[k]]
        fresh += weight[k] * (viscosities[row[k] + 1] - fresh)
        fraction = evaporated[k] / max(evaporated[k] + mass[k], LEAST)
        viscosity[k] = weathered_viscosity(fresh, fraction, water[k])


@kernel
def find_densities(begin, count, chunk, expansions):
    """Write the densities that follow from the components and the thermal expansion."""
    row, weight, mass, volume = chunk.row, chunk.weight, chunk.mass, chunk.volume
    temperature, water, density = chunk.temperature, chunk.water_fraction, chunk.density
    for k in range(begin, count):
        expansion = expansions[row[k]]
        expansion += weight[k] * (expansions[row[k] + 1] - expansion)
        oil_density = expansion * mass[k] / max(volume[k], LEAST)
        density[k] = emulsion_density(oil_density, water[k], sea_water_density(temperature[k]))
