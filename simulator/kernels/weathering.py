"""Loops that let the weather work on the oil of a chunk: one a process, its law kept elsewhere."""

import numpy as np

from simulator.kernels._jit import kernel, law, loop, part
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
from simulator.kernels.state import (
    AFLOAT,
    BEACHED,
    BEFORE,
    EVAPORATED,
    LEAST_SHARE,
    LOOKED_UP,
    MASS,
    MOLES,
    PIECE,
    SUBMERGED,
    SURFACED,
    TABLE_WEIGHT,
    TEMPERATURE,
    VOLUME,
    WIND_SPEED,
    WIND_STEP,
    WORK,
)
from simulator.kernels.tables import look_up, table_place
from simulator.kernels.variables import (
    COMPONENT_MASS,
    DENSITY,
    EVAPORATED_MASS,
    INITIAL_MASS,
    PARTS,
    SPREADING,
    STATUS,
    THICK_AREA,
    THIN_AREA,
    VISCOSITY,
    WATER_FRACTION,
    Z,
)

NONE = 0
PSEUDO_COMPONENTS = 1
MACKAY1980 = 2

GAS_CONSTANT = 8.314462618  # [J mol-1 K-1]

LEAST = 1e-300
"""So that nothing left divides nothing by zero: of moles, mass or volume."""

LASTING_PRESSURE = 1e-10
"""A component of less vapour pressure, such as the residue, does not evaporate in years. [Pa]"""

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


@loop
def find_in_tables(count, chunk, oil):
    """Write where the temperatures of a chunk are in the tables of the oil."""
    temperature, weight = chunk.scratch[TEMPERATURE], chunk.scratch[TABLE_WEIGHT]
    row = chunk.table_row
    coldest, per_kelvin, rows = oil.coldest, oil.per_kelvin, oil.expansion.size
    for k in range(count):
        row[k], weight[k] = table_place(temperature[k], coldest, per_kelvin, rows)


@part
def evaporate(count, chunk, oil, settings):
    """Let the oil of a chunk evaporate for the piece of time that it is exposed.

    Changes component_mass and evaporated_mass.
    """
    if settings.evaporation == PSEUDO_COMPONENTS:
        evaporate_components(count, chunk, oil)
    elif settings.evaporation == MACKAY1980:
        evaporate_whole(count, chunk, oil)


@loop
def evaporate_components(count, chunk, oil):
    """Let pseudo-components evaporate, see `evaporation_exponent`; water keeps its share of area.

    The moles are those at the start of the piece. Mass, volume and moles of the chunk are those of
    the components, before and after.
    """
    some = slice(chunk.first, chunk.first + count)
    mass, before, exponent = chunk.scratch[MASS], chunk.scratch[BEFORE], chunk.scratch[WORK]
    weight, pressure = chunk.scratch[TABLE_WEIGHT], chunk.scratch[LOOKED_UP]
    evaporated = chunk.numbers[EVAPORATED_MASS, some]
    find_exponents(count, chunk, oil)
    largest = 0.0
    for k in range(count):
        before[k] = mass[k]
        if exponent[k] > largest:
            largest = exponent[k]
    for c in range(oil.vapour_pressure.shape[0]):
        # to multiply by 1 changes nothing
        if decay(largest * oil.vapour_pressure[c, -1]) < 1.0:
            look_up(count, oil.vapour_pressure[c], chunk.table_row, weight, pressure)
            decay_by(count, exponent, pressure, chunk.numbers[COMPONENT_MASS + c, some])
    weigh(np.int64(0), count, chunk, oil)
    for k in range(count):
        evaporated[k] += before[k] - mass[k]


@loop
def find_exponents(count, chunk, oil):
    """Write the `evaporation_exponent` of each element, into its WORK."""
    some = slice(chunk.first, chunk.first + count)
    numbers, scratch = chunk.numbers, chunk.scratch
    speed, piece, temperature = scratch[LOOKED_UP], scratch[PIECE], scratch[TEMPERATURE]
    thick, thin, parts = numbers[THICK_AREA, some], numbers[THIN_AREA, some], numbers[PARTS, some]
    water, moles, exponent = numbers[WATER_FRACTION, some], scratch[MOLES], scratch[WORK]
    look_up_wind(count, scratch[WIND_SPEED], oil.mass_transfer, speed)
    for k in range(count):
        exponent[k] = (thick[k] + thin[k]) / parts[k] * (1.0 - water[k])
    for k in range(count):
        exponent[k] = evaporation_exponent(
            exponent[k], speed[k], temperature[k], max(moles[k], LEAST), piece[k]
        )


@loop
def look_up_wind(count, wind_speed, table, out):
    """Write the entries of a table over wind speed."""
    for k in range(count):
        row, weight = table_place(wind_speed[k], 0.0, 1.0 / WIND_STEP, table.size)
        out[k] = table[row] + weight * (table[row + np.uint32(1)] - table[row])


@loop
def decay_by(count, exponent, pressure, mass):
    """Let the masses of a component decay, in place."""
    for k in range(count):
        mass[k] *= decay(exponent[k] * pressure[k])


@loop
def evaporate_whole(count, chunk, oil):
    """Let oil evaporate by Mackay's law, the most volatile components first.

    As in MEDSLIK-II, a step takes at most a fifth of what can still evaporate.
    """
    some = slice(chunk.first, chunk.first + count)
    numbers, scratch = chunk.numbers, chunk.scratch
    thick, thin, parts = numbers[THICK_AREA, some], numbers[THIN_AREA, some], numbers[PARTS, some]
    wind_speed, temperature = scratch[WIND_SPEED], scratch[TEMPERATURE]
    mass, volume, evaporated = scratch[MASS], scratch[VOLUME], numbers[EVAPORATED_MASS, some]
    piece = scratch[PIECE]
    for k in range(count):
        if piece[k] == 0.0 or mass[k] == 0.0:
            continue
        area = (thick[k] + thin[k]) / parts[k]
        whole = evaporated[k] + mass[k]
        fraction = evaporated[k] / whole
        rate = evaporation_rate_mackay1980(
            wind_speed[k],
            temperature[k],
            volume[k] / area,
            1e-5 * fresh_vapour_pressure(oil, chunk.table_row[k]),
            fraction,
        )
        most = max(oil.volatile_fraction - fraction, 0.0) / 5.0
        wanted = whole * min(rate * piece[k], most)
        lost = 0.0
        for c in range(oil.mass_fraction.size):
            part = min(numbers[COMPONENT_MASS + c, chunk.first + k], wanted - lost)
            numbers[COMPONENT_MASS + c, chunk.first + k] -= part
            lost += part
        evaporated[k] += lost
    weigh(np.int64(0), count, chunk, oil)


@loop
def fresh_vapour_pressure(oil, row):
    """Return the vapour pressure of the fresh oil, by Raoult's law. [Pa]"""
    moles = 0.0
    pressure = 0.0
    for c in range(oil.mass_fraction.size):
        part = oil.mass_fraction[c] * oil.moles_per_mass[c]
        moles += part
        pressure += part * oil.vapour_pressure[c, row]
    return pressure / moles


@loop
def weigh(begin, count, chunk, oil):
    """Write mass, volume and moles of the oil of a chunk, from an entry on."""
    mass = chunk.scratch[MASS, begin:count]
    volume = chunk.scratch[VOLUME, begin:count]
    moles = chunk.scratch[MOLES, begin:count]
    for k in range(count - begin):
        mass[k] = 0.0
        volume[k] = 0.0
        moles[k] = 0.0
    some = slice(chunk.first + begin, chunk.first + count)
    for c in range(oil.volume_per_mass.size):
        component = chunk.numbers[COMPONENT_MASS + c, some]
        per_mass = oil.volume_per_mass[c], oil.moles_per_mass[c]
        add_component(count - begin, component, *per_mass, mass, volume, moles)


@loop
def add_component(count, component_mass, volume_per_mass, moles_per_mass, mass, volume, moles):
    """Add one component to mass, volume and moles, in place."""
    for k in range(count):
        mass[k] += component_mass[k]
        volume[k] += volume_per_mass * component_mass[k]
        moles[k] += moles_per_mass * component_mass[k]


@loop
def emulsify(count, chunk, oil, settings):
    """Let the oil of a chunk take up water while it floats. Changes water_fraction."""
    if not settings.emulsification or oil.max_water_fraction == 0.0:
        return
    some = slice(chunk.first, chunk.first + count)
    piece, wind_speed = chunk.scratch[PIECE], chunk.scratch[WIND_SPEED]
    status, water = chunk.codes[STATUS, some], chunk.numbers[WATER_FRACTION, some]
    most = oil.max_water_fraction
    for k in range(count):
        after = water_fraction_after(water[k], most, wind_speed[k], piece[k])
        water[k] = after if status[k] != BEACHED and piece[k] > 0.0 else water[k]


@law
def rank(p):
    """Return a number on [0, 1) that sorts an element among those of its slick, once and for all.

    As much of a slick as its thin part holds is of elements of low rank.
    """
    a, _ = symmetric_pair(_RANKS, p)
    return 0.5 * (a + 1.0)


@loop
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
    some = slice(chunk.first, chunk.first + count)
    numbers, scratch, ids = chunk.numbers, chunk.scratch, chunk.ids
    surfaced, volume, thickness = scratch[SURFACED], scratch[VOLUME], scratch[WORK]
    thick, thin = numbers[THICK_AREA, some], numbers[THIN_AREA, some]
    spreading, parts = numbers[SPREADING, some], numbers[PARTS, some]
    find_thicknesses(count, chunk.codes[STATUS, some], thick, thin, volume, parts, thickness)
    for k in range(count):
        spreading[k] = 0.0
        if thickness[k] <= THIN_THICKNESS:
            # all of it is thin now, and the area stays as it is
            thin[k] += thick[k]
            thick[k] = 0.0
        elif thickness[k] >= STILL_THICKNESS and thickness[k] < np.inf:
            whole = parts[k] * volume[k]
            thick_volume = whole - THIN_THICKNESS * thin[k]
            total = thick[k] + thin[k]
            place = rank(ids[k]) * whole
            followed = total if place < THIN_THICKNESS * thin[k] else thick[k]
            thin_growth = total_area_after(total, thickness[k], surfaced[k]) - total
            thick_growth = thick_area_after(thick[k], thick_volume, surfaced[k]) - thick[k]
            # the thin part is fed by the thick one, which shrinks by as much as it gives
            thick_growth -= min(thin_growth * THIN_THICKNESS / thickness[k], 0.5 * thick[k])
            thick[k] += thick_growth
            thin[k] += thin_growth
            to_follow = thick[k] + thin[k] if place < THIN_THICKNESS * thin[k] else thick[k]
            spreading[k] = max(spreading_variance(to_follow - followed), 0.0)


@loop
def find_thicknesses(count, status, thick, thin, volume, parts, thickness):
    """Write the thickness of the thick part; infinite for what does not spread at all."""
    for k in range(count):
        thick_volume = parts[k] * volume[k] - THIN_THICKNESS * thin[k]
        spreads = status[k] == AFLOAT and thick[k] > 0.0
        thickness[k] = thick_volume / thick[k] if spreads else np.inf


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


@loop
def describe(begin, count, chunk, oil):
    """Write viscosity and density of the oil of a chunk from an entry on, with its water."""
    n, numbers, scratch = count - begin, chunk.numbers, chunk.scratch
    some = slice(chunk.first + begin, chunk.first + count)
    evaporated, water = numbers[EVAPORATED_MASS, some], numbers[WATER_FRACTION, some]
    viscosity, density = numbers[VISCOSITY, some], numbers[DENSITY, some]
    row, weight = chunk.table_row[begin:count], scratch[TABLE_WEIGHT, begin:count]
    mass, volume = scratch[MASS, begin:count], scratch[VOLUME, begin:count]
    temperature = scratch[TEMPERATURE, begin:count]
    look_up(n, oil.kinematic_viscosity, row, weight, viscosity)
    find_viscosities(n, mass, evaporated, water, viscosity)
    look_up(n, oil.expansion, row, weight, density)
    find_densities(n, mass, volume, temperature, water, density)


@loop
def find_viscosities(count, mass, evaporated, water, viscosity):
    """Turn the viscosities of the fresh oil into those of what it has become, in place."""
    for k in range(count):
        fraction = evaporated[k] / max(evaporated[k] + mass[k], LEAST)
        viscosity[k] = weathered_viscosity(viscosity[k], fraction, water[k])


@loop
def find_densities(count, mass, volume, temperature, water, density):
    """Turn the thermal expansion of the fresh oil into the density with its water, in place."""
    for k in range(count):
        oil_density = density[k] * mass[k] / max(volume[k], LEAST)
        density[k] = emulsion_density(oil_density, water[k], sea_water_density(temperature[k]))


@loop
def let_go(count, chunk, oil):
    """Count elements of which next to nothing is left as evaporated; return how many they are.

    What is left of them, less than `LEAST_SHARE` of what they were released with, goes into the
    air with the rest. Where most has seeped into the shore, that is not said to have evaporated.

    Changes status, z, component_mass and evaporated_mass.
    """
    if oil.vapour_pressure[-1, -1] < LASTING_PRESSURE:
        return 0
    some = slice(chunk.first, chunk.first + count)
    status, mass = chunk.codes[STATUS, some], chunk.scratch[MASS]
    evaporated, initial = chunk.numbers[EVAPORATED_MASS, some], chunk.numbers[INITIAL_MASS, some]
    gone = 0
    for k in range(count):
        if mass[k] > LEAST_SHARE * initial[k]:
            continue
        if status[k] not in (AFLOAT, SUBMERGED, BEACHED):
            continue
        if evaporated[k] < 0.5 * initial[k] and (mass[k] > 0.0 or status[k] == BEACHED):
            continue
        status[k] = EVAPORATED
        chunk.numbers[Z, chunk.first + k] = 0.0
        evaporated[k] += mass[k]
        for c in range(oil.mass_fraction.size):
            chunk.numbers[COMPONENT_MASS + c, chunk.first + k] = 0.0
        gone += 1
    return gone
