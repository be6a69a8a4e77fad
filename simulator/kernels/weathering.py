"""Loops that let the weather work on the oil of a chunk: one a process, its law kept elsewhere."""

import numpy as np

from simulator.kernels._jit import kernel, law
from simulator.kernels.buoyancy import sea_water_density
from simulator.kernels.emulsification import (
    emulsion_density,
    water_fraction_after,
    weathered_viscosity,
)
from simulator.kernels.evaporation import (
    decay,
    evaporation_rate_mackay1980,
    mass_transfer_mackay1973,
)
from simulator.kernels.random import symmetric_pair
from simulator.kernels.spreading import (
    THIN_THICKNESS,
    spreading_variance,
    thick_area_after,
    total_area_after,
)
from simulator.kernels.state import AFLOAT, BEACHED
from simulator.kernels.tables import table_place

NONE = 0
PSEUDO_COMPONENTS = 1
MACKAY1980 = 2

GAS_CONSTANT = 8.314462618  # [J mol-1 K-1]

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
def evaporate(count, chunk, elements, oil, settings):
    """Let the oil of a chunk evaporate for the piece of time that it is exposed.

    Changes component_mass and evaporated_mass.
    """
    if settings.evaporation == PSEUDO_COMPONENTS:
        evaporate_components(count, chunk, elements, oil)
    elif settings.evaporation == MACKAY1980:
        evaporate_whole(count, chunk, elements, oil)


@kernel
def evaporate_components(count, chunk, elements, oil):
    """Let pseudo-components evaporate, see `evaporation_exponent`; water keeps its share of area.

    The moles are those at the start of the piece.
    """
    ids, piece = chunk.ids, chunk.piece
    wind_speed, temperature = chunk.wind_speed, chunk.temperature
    mass, evaporated, water = (
        elements.component_mass,
        elements.evaporated_mass,
        elements.water_fraction,
    )
    thick, thin, parts = elements.thick_area, elements.thin_area, elements.parts
    moles_per_mass, pressures = oil.moles_per_mass, oil.vapour_pressure
    coldest, per_kelvin = oil.coldest, oil.per_kelvin
    components = moles_per_mass.size
    for k in range(count):
        p = ids[k]
        moles = 0.0
        for c in range(components):
            moles += mass[p, c] * moles_per_mass[c]
        if piece[k] == 0.0 or moles == 0.0:
            continue
        area = (thick[p] + thin[p]) / parts[p] * (1.0 - water[p])
        speed = mass_transfer_mackay1973(wind_speed[k])
        row, weight = table_place(temperature[k], coldest, per_kelvin, pressures.shape[0])
        exponent = evaporation_exponent(area, speed, temperature[k], moles, piece[k])
        lost = 0.0
        for c in range(components):
            pressure = pressures[row, c]
            pressure += weight * (pressures[row + 1, c] - pressure)
            left = mass[p, c] * decay(exponent * pressure)
            lost += mass[p, c] - left
            mass[p, c] = left
        evaporated[p] += lost


@kernel
def evaporate_whole(count, chunk, elements, oil):
    """Let oil evaporate by Mackay's law, the most volatile components first.

    As in MEDSLIK-II, a step takes at most a fifth of what can still evaporate.
    """
    ids, piece = chunk.ids, chunk.piece
    wind_speed, temperature = chunk.wind_speed, chunk.temperature
    mass, volume_per_mass = elements.component_mass, oil.volume_per_mass
    for k in range(count):
        p = ids[k]
        left = 0.0
        volume = 0.0
        for c in range(volume_per_mass.size):
            left += mass[p, c]
            volume += mass[p, c] * volume_per_mass[c]
        if piece[k] == 0.0 or left == 0.0:
            continue
        area = (elements.thick_area[p] + elements.thin_area[p]) / elements.parts[p]
        pressure_bar = 1e-5 * fresh_vapour_pressure(oil, temperature[k])
        whole = elements.evaporated_mass[p] + left
        fraction = elements.evaporated_mass[p] / whole
        rate = evaporation_rate_mackay1980(
            wind_speed[k], temperature[k], volume / area, pressure_bar, fraction
        )
        most = max(oil.volatile_fraction - fraction, 0.0) / 5.0
        wanted = whole * min(rate * piece[k], most)
        lost = 0.0
        for c in range(volume_per_mass.size):
            part = min(mass[p, c], wanted - lost)
            mass[p, c] -= part
            lost += part
        elements.evaporated_mass[p] += lost


@kernel
def fresh_vapour_pressure(oil, temperature):
    """Return the vapour pressure of the fresh oil, by Raoult's law. [Pa]"""
    rows = oil.vapour_pressure.shape[0]
    row, _ = table_place(temperature, oil.coldest, oil.per_kelvin, rows)
    moles = 0.0
    pressure = 0.0
    for c in range(oil.moles_per_mass.size):
        part = oil.mass_fraction[c] * oil.moles_per_mass[c]
        moles += part
        pressure += part * oil.vapour_pressure[row, c]
    return pressure / moles


@kernel
def weigh(count, chunk, elements, oil):
    """Write mass and volume of the oil of a chunk."""
    ids, masses, volumes = chunk.ids, chunk.mass, chunk.volume
    mass, volume_per_mass = elements.component_mass, oil.volume_per_mass
    for k in range(count):
        p = ids[k]
        total = 0.0
        volume = 0.0
        for c in range(volume_per_mass.size):
            total += mass[p, c]
            volume += mass[p, c] * volume_per_mass[c]
        masses[k] = total
        volumes[k] = volume


@kernel
def emulsify(count, chunk, elements, oil, settings):
    """Let the oil of a chunk take up water while it floats. Changes water_fraction."""
    if not settings.emulsification or oil.max_water_fraction == 0.0:
        return
    ids, piece, wind_speed = chunk.ids, chunk.piece, chunk.wind_speed
    status, water, most = elements.status, elements.water_fraction, oil.max_water_fraction
    for k in range(count):
        p = ids[k]
        if status[p] != BEACHED and piece[k] > 0.0:
            water[p] = water_fraction_after(water[p], most, wind_speed[k], piece[k])


@law
def rank(p):
    """Return a number on [0, 1) that sorts an element among those of its slick, once and for all.

    As much of a slick as its thin part holds is of elements of low rank.
    """
    a, _ = symmetric_pair(_RANKS, p)
    return 0.5 * (a + 1.0)


@kernel
def spread(count, chunk, elements, settings):
    """Let the slicks of a chunk's elements grow. Changes thick_area, thin_area and spreading.

    Each element knows the areas of its slick, and takes the slick's volume for so many times its
    own: so elements of one slick in different weather spread differently, and none has to ask the
    others. It belongs to the thick part until the thin one holds so much that its rank is
    reached, and follows its part by a random displacement, of the variance by which a disc of that
    area grows. A thin part lies round the thick one: its disc is that of both.
    """
    if not settings.spreading:
        return
    ids, surfaced, status, volume = chunk.ids, chunk.surfaced, elements.status, chunk.volume
    thick, thin = elements.thick_area, elements.thin_area
    spreading, parts = elements.spreading, elements.parts
    for k in range(count):
        p = ids[k]
        spreading[p] = 0.0
        if status[p] != AFLOAT or thick[p] == 0.0:
            continue
        whole = parts[p] * volume[k]
        thick_volume = whole - THIN_THICKNESS * thin[p]
        if thick_volume <= THIN_THICKNESS * thick[p]:
            # all of it is thin now, and the area stays as it is
            thin[p] += thick[p]
            thick[p] = 0.0
            continue
        thickness = thick_volume / thick[p]
        if thickness < STILL_THICKNESS:
            continue
        total = thick[p] + thin[p]
        in_thin_part = rank(p) * whole < THIN_THICKNESS * thin[p]
        followed = total if in_thin_part else thick[p]
        thin_growth = total_area_after(total, thickness, surfaced[k]) - total
        thick_growth = thick_area_after(thick[p], thick_volume, surfaced[k]) - thick[p]
        # the thin part is fed by the thick one, which shrinks by as much as it gives
        thick_growth -= min(thin_growth * THIN_THICKNESS / thickness, 0.5 * thick[p])
        thick[p] += thick_growth
        thin[p] += thin_growth
        in_thin_part = rank(p) * whole < THIN_THICKNESS * thin[p]
        to_follow = thick[p] + thin[p] if in_thin_part else thick[p]
        spreading[p] = max(spreading_variance(to_follow - followed), 0.0)


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
def describe(count, chunk, elements, oil, only_new):
    """Write viscosity and density of the oil of a chunk, with its water."""
    ids, temperature = chunk.ids, chunk.temperature
    mass, volume, evaporated = chunk.mass, chunk.volume, elements.evaporated_mass
    water, viscosity, density = elements.water_fraction, elements.viscosity, elements.density
    expansions, viscosities = oil.expansion, oil.kinematic_viscosity
    coldest, per_kelvin = oil.coldest, oil.per_kelvin
    for k in range(count):
        p = ids[k]
        if mass[k] == 0.0 or (only_new and not np.isnan(density[p])):
            continue
        row, weight = table_place(temperature[k], coldest, per_kelvin, expansions.size)
        expansion = expansions[row] + weight * (expansions[row + 1] - expansions[row])
        fresh = viscosities[row] + weight * (viscosities[row + 1] - viscosities[row])
        fraction = evaporated[p] / (evaporated[p] + mass[k])
        viscosity[p] = weathered_viscosity(fresh, fraction, water[p])
        density[p] = emulsion_density(
            expansion * mass[k] / volume[k], water[p], sea_water_density(temperature[k])
        )
