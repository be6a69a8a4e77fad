"""Loops that let the weather work on the oil of a chunk: one a process, its law kept elsewhere."""

import numpy as np

from simulator.kernels._jit import kernel, law
from simulator.kernels.buoyancy import sea_water_density
from simulator.kernels.emulsification import (
    emulsion_density,
    viscosity_factor_evaporation,
    viscosity_factor_mooney1951,
    water_fraction_after,
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
from simulator.kernels.state import AFLOAT, SUBMERGED
from simulator.kernels.tables import table_row

NONE = 0
PSEUDO_COMPONENTS = 1
MACKAY1980 = 2

GAS_CONSTANT = 8.314462618  # [J mol-1 K-1]

LONGEST_STEP = 1800.0
"""Longer weathering is done in pieces: old oil, and long steps. [s]"""

STILL_THICKNESS = 1e-4
"""A thick part below it does not spread any more: its area would double in months. [m]"""

_SIDES = np.uint64(0x2545F4914F6CDD1D)  # key of the draw that sorts elements into thick and thin


@law
def mass_and_volume(mass, oil):
    """Return the mass of an element's components [kg], and their volume at 15 Celsius. [m3]"""
    total = 0.0
    volume = 0.0
    for c in range(mass.size):
        total += mass[c]
        volume += mass[c] * oil.volume_per_mass[c]
    return total, volume


@law
def evaporate_components(mass, area, temperature, wind_speed, dt, oil):
    """Let the components of an element evaporate from an area for a time; return the loss. [kg]

    dm_i/dt = -A K P_i / (R T sum(m_j / M_j)) m_i: Raoult's law, each component on its own; the
    sum is that of the start of the time.

    References
    ----------
    Jones (1997), A simplified pseudo-component oil evaporation model, Proc. 20th AMOP.
    """
    moles = 0.0
    for c in range(mass.size):
        moles += mass[c] * oil.moles_per_mass[c]
    if moles == 0.0:
        return 0.0
    row, weight = table_row(oil, temperature)
    speed = mass_transfer_mackay1973(wind_speed)
    exponent = dt * area * speed / (GAS_CONSTANT * temperature * moles)
    lost = 0.0
    for c in range(mass.size):
        pressure = oil.vapour_pressure[row, c]
        pressure += weight * (oil.vapour_pressure[row + 1, c] - pressure)
        left = mass[c] * decay(exponent * pressure)
        lost += mass[c] - left
        mass[c] = left
    return lost


@law
def fresh_vapour_pressure(oil, temperature):
    """Return the vapour pressure of the fresh oil, by Raoult's law. [Pa]"""
    row, _ = table_row(oil, temperature)
    moles = 0.0
    pressure = 0.0
    for c in range(oil.moles_per_mass.size):
        part = oil.mass_fraction[c] * oil.moles_per_mass[c]
        moles += part
        pressure += part * oil.vapour_pressure[row, c]
    return pressure / moles


@law
def evaporate_whole(mass, evaporated, area, temperature, wind_speed, dt, oil):
    """Let an element evaporate by Mackay's law, the most volatile first; return the loss. [kg]

    As in MEDSLIK-II, a step takes at most a fifth of what can still evaporate.
    """
    left, volume = mass_and_volume(mass, oil)
    if left == 0.0:
        return 0.0
    fraction = evaporated / (evaporated + left)
    pressure_bar = 1e-5 * fresh_vapour_pressure(oil, temperature)
    rate = evaporation_rate_mackay1980(
        wind_speed, temperature, volume / area, pressure_bar, fraction
    )
    share = min(rate * dt, max(oil.volatile_fraction - fraction, 0.0) / 5.0)
    wanted = share * (evaporated + left)
    lost = 0.0
    for c in range(mass.size):
        part = min(mass[c], wanted - lost)
        mass[c] -= part
        lost += part
    return lost


@kernel
def evaporate(count, chunk, elements, oil, settings):
    """Let the oil of a chunk evaporate, afloat or on the shore.

    Changes component_mass and evaporated_mass. Oil that was released weathered makes up for its
    age in its first step.
    """
    if settings.evaporation == NONE:
        return
    for k in range(count):
        p = chunk.ids[k]
        if elements.status[p] == SUBMERGED:
            continue
        pieces = max(np.int64(np.ceil(chunk.weathered[k] / LONGEST_STEP)), 1)
        dt = chunk.weathered[k] / pieces
        area = (elements.thick_area[p] + elements.thin_area[p]) / elements.parts[p]
        mass = elements.component_mass[p]
        wind_speed, temperature = chunk.wind_speed[k], chunk.temperature[k]
        for _ in range(pieces):
            if settings.evaporation == PSEUDO_COMPONENTS:
                # the water in an emulsion keeps its share of the surface
                bare = area * (1.0 - elements.water_fraction[p])
                lost = evaporate_components(mass, bare, temperature, wind_speed, dt, oil)
            else:
                evaporated = elements.evaporated_mass[p]
                lost = evaporate_whole(mass, evaporated, area, temperature, wind_speed, dt, oil)
            elements.evaporated_mass[p] += lost


@kernel
def emulsify(count, chunk, elements, oil, settings):
    """Let the oil of a chunk that floats take up water. Changes water_fraction."""
    if not settings.emulsification or oil.max_water_fraction == 0.0:
        return
    for k in range(count):
        p = chunk.ids[k]
        if elements.status[p] == AFLOAT:
            elements.water_fraction[p] = water_fraction_after(
                elements.water_fraction[p],
                oil.max_water_fraction,
                chunk.wind_speed[k],
                chunk.weathered[k],
            )


@kernel
def spread(count, chunk, elements, oil, settings):
    """Let the slicks of a chunk's elements grow. Changes thick_area, thin_area and spreading.

    Each element knows the areas of its slick, and takes the slick's volume for so many times its
    own: so elements of one slick in different weather spread differently, and none has to ask the
    others. It belongs to the thin part, which grows further, with the probability of that part's
    share of the oil, and follows by a random displacement of the variance by which a disc of that
    area grows.
    """
    if not settings.spreading:
        return
    for k in range(count):
        p = chunk.ids[k]
        elements.spreading[p] = 0.0
        thick = elements.thick_area[p]
        if elements.status[p] != AFLOAT or thick == 0.0:
            continue
        _, volume = mass_and_volume(elements.component_mass[p], oil)
        thin_volume = THIN_THICKNESS * elements.thin_area[p]
        thick_volume = elements.parts[p] * volume - thin_volume
        if thick_volume <= THIN_THICKNESS * thick:
            # all of it is thin now, and the area stays as it is
            elements.thin_area[p] += thick
            elements.thick_area[p] = 0.0
            continue
        thickness = thick_volume / thick
        if thickness < STILL_THICKNESS:
            continue
        total = thick + elements.thin_area[p]
        dt = chunk.elapsed[k]
        thin_growth = total_area_after(total, thickness, dt) - total
        thick_growth = thick_area_after(thick, thick_volume, dt) - thick
        # the thin part is fed by the thick one, which shrinks by as much as it gives
        thick_growth -= min(thin_growth * THIN_THICKNESS / thickness, 0.5 * thick)
        elements.thick_area[p] = thick + thick_growth
        elements.thin_area[p] += thin_growth
        a, _ = symmetric_pair(_SIDES, p)
        is_thin = 0.5 * (a + 1.0) * (thin_volume + thick_volume) < thin_volume
        growth = thick_growth + (thin_growth if is_thin else 0.0)
        elements.spreading[p] = max(spreading_variance(growth), 0.0)


@kernel
def describe(count, chunk, elements, oil):
    """Write viscosity and density of the oil of a chunk, with its water."""
    for k in range(count):
        p = chunk.ids[k]
        mass, volume = mass_and_volume(elements.component_mass[p], oil)
        if mass == 0.0:
            continue
        row, weight = table_row(oil, chunk.temperature[k])
        expansion = oil.expansion[row] + weight * (oil.expansion[row + 1] - oil.expansion[row])
        fresh = oil.kinematic_viscosity[row]
        fresh += weight * (oil.kinematic_viscosity[row + 1] - fresh)
        evaporated = elements.evaporated_mass[p]
        water = elements.water_fraction[p]
        thicker = viscosity_factor_evaporation(evaporated / (evaporated + mass), fresh)
        elements.viscosity[p] = fresh * thicker * viscosity_factor_mooney1951(water)
        elements.density[p] = emulsion_density(
            expansion * mass / volume, water, sea_water_density(chunk.temperature[k])
        )
