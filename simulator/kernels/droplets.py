"""Oil under water: entrained by breaking waves, mixed, and risen to the surface again."""

import numpy as np

from simulator.kernels._jit import law, loop, part
from simulator.kernels.buoyancy import (
    diameter_rising,
    rise_velocity,
    sea_water_density,
    sea_water_kinematic_viscosity,
)
from simulator.kernels.elementary import exponential
from simulator.kernels.entrainment import (
    PERMANENT_DIAMETER,
    delvigne_diameter,
    droplet_diameter,
    droplet_median_diameter_li2017,
    entrainment_rate_delvigne1988,
    entrainment_rate_mackay1980,
    exponent_li2017,
    intrusion_depth_delvigne1988,
    numbers_li2017,
    share_below,
    whitecap_rate_holthuijsen1986,
)
from simulator.kernels.pour import slow_down
from simulator.kernels.random import mix, normal_quantile, symmetric_pair
from simulator.kernels.state import (
    AFLOAT,
    ELAPSED,
    LOOKED_UP,
    MASS,
    SUBMERGED,
    SUNK,
    SURFACED,
    TEMPERATURE,
    VOLUME,
    WAVE_HEIGHT,
    WAVE_PERIOD,
    WIND_SPEED,
    WORK,
)
from simulator.kernels.variables import (
    DENSITY,
    DROPLET_DIAMETER,
    PARTS,
    STATUS,
    THICK_AREA,
    THIN_AREA,
    VISCOSITY,
    WATER_FRACTION,
    Z,
)
from simulator.kernels.weathering import LEAST

NONE = 0
LI2017 = 1
DELVIGNE1988 = 2
MACKAY1980 = 3

BRIEF = 300.0
"""Droplets that rise through the whole layer that waves fill in less time count as floating. [s]

Li et al. (2017) have all oil that a breaking wave entrains, most of it in large droplets that come
up at once, to be entrained again: many times in a step, to no effect on where the oil is.
"""

SHALLOWEST = 0.01
"""No droplet is made nearer to the surface, which some laws do without any waves. [m]"""

MOST_MOVES = 100
"""An element is followed through so many moves a step at most."""

SHORTEST_MOVE = 300.0
"""Droplets move for as long as they take to rise, but no shorter. [s]"""


@law
def lasting_li2017(height, viscosity, density, water_density, water_viscosity, tension, mixes):
    """Return what the droplets of a breaking wave are like.

    Returns
    -------
    median : float
        Diameter below which half the volume of all droplets is. [m]
    share : float
        Of the volume in droplets small enough to last. [1]
    """
    dynamic = viscosity * density
    median = droplet_median_diameter_li2017(height, dynamic, density, water_density, tension)
    largest = PERMANENT_DIAMETER
    if mixes:
        speed = intrusion_depth_delvigne1988(height, 1.0) / BRIEF
        largest = diameter_rising(speed, density, water_density, water_viscosity)
    return median, share_below(largest, median)


@part
def find_rates(count, chunk, oil, dispersion, rate):
    """Write the rate at which the oil of a chunk, if afloat, is entrained. [s-1]"""
    if dispersion == LI2017:
        rates_li2017(count, chunk, oil.interfacial_tension, rate)
    elif dispersion == DELVIGNE1988:
        rates_delvigne1988(count, chunk, rate)
    elif dispersion == MACKAY1980:
        rates_mackay1980(count, chunk, rate)
    else:
        for k in range(count):
            rate[k] = 0.0


@loop
def rates_li2017(count, chunk, tension, rate):
    """Write the rates of `entrainment_rate_li2017`, part after part, as in `propose`."""
    some = slice(chunk.first, chunk.first + count)
    scratch, ohnesorge2 = chunk.scratch, chunk.scratch[LOOKED_UP]
    wave_height, wave_period = scratch[WAVE_HEIGHT], scratch[WAVE_PERIOD]
    wind_speed, temperature = scratch[WIND_SPEED], scratch[TEMPERATURE]
    viscosity, density = chunk.numbers[VISCOSITY, some], chunk.numbers[DENSITY, some]
    for k in range(count):
        rate[k], ohnesorge2[k] = numbers_li2017(
            wave_height[k],
            viscosity[k] * density[k],
            density[k],
            sea_water_density(temperature[k]),
            tension,
        )
    for k in range(count):
        rate[k] = exponent_li2017(rate[k], ohnesorge2[k])
    for k in range(count):
        rate[k] = whitecap_rate_holthuijsen1986(wind_speed[k], wave_period[k]) * exponential(
            rate[k]
        )


@loop
def rates_delvigne1988(count, chunk, rate):
    """Write the rates of `entrainment_rate_delvigne1988`."""
    some = slice(chunk.first, chunk.first + count)
    numbers, scratch = chunk.numbers, chunk.scratch
    wave_height, wave_period = scratch[WAVE_HEIGHT], scratch[WAVE_PERIOD]
    wind_speed, temperature = scratch[WIND_SPEED], scratch[TEMPERATURE]
    mass, volume, viscosity = scratch[MASS], scratch[VOLUME], numbers[VISCOSITY, some]
    thick, thin, parts = numbers[THICK_AREA, some], numbers[THIN_AREA, some], numbers[PARTS, some]
    water = numbers[WATER_FRACTION, some]
    for k in range(count):
        left = max(volume[k], LEAST)
        rate[k] = entrainment_rate_delvigne1988(
            wave_height[k],
            whitecap_rate_holthuijsen1986(wind_speed[k], wave_period[k]),
            viscosity[k],
            left * parts[k] / (thick[k] + thin[k]),
            mass[k] / left,
            sea_water_density(temperature[k]),
            water[k],
        )


@loop
def rates_mackay1980(count, chunk, rate):
    """Write the rates of `entrainment_rate_mackay1980`."""
    some = slice(chunk.first, chunk.first + count)
    numbers, wind_speed, volume = chunk.numbers, chunk.scratch[WIND_SPEED], chunk.scratch[VOLUME]
    thick, thin, parts = numbers[THICK_AREA, some], numbers[THIN_AREA, some], numbers[PARTS, some]
    viscosity = numbers[VISCOSITY, some]
    for k in range(count):
        area = (thick[k] + thin[k]) / parts[k]
        rate[k] = entrainment_rate_mackay1980(wind_speed[k], viscosity[k], volume[k] / area)


@law
def new_diameter(dispersion, mixes, median, share, uniform):
    """Draw the diameter of a droplet that lasts. [m]

    Without vertical mixing all are as large as those can be that stay under water for good.
    """
    if not mixes:
        return PERMANENT_DIAMETER
    if dispersion != LI2017:
        return delvigne_diameter(uniform)
    return droplet_diameter(median, normal_quantile(max(uniform * share, 1e-12)))


@law
def mixed_depth(z, kick, mixed_layer_depth):
    """Return where a random displacement takes a droplet, kept between surface and thermocline.

    Both ends reflect, so that droplets without buoyancy stay evenly spread; below the thermocline
    nothing is mixed. [m]
    """
    if z < -mixed_layer_depth:
        return z
    z = -abs(z + kick)
    if z < -mixed_layer_depth:
        z = -2.0 * mixed_layer_depth - z
    return min(max(z, -mixed_layer_depth), 0.0)


@loop
def follow(
    z,
    diameter,
    afloat,
    left,
    density,
    rate,
    median,
    share,
    wave_height,
    water_density,
    water_viscosity,
    dispersion,
    mixes,
    diffusivity,
    mixed_layer_depth,
    key,
    p,
):
    """Take one element through a step of being entrained, mixed and risen, as often as it happens.

    Waves entrain it after a waiting time drawn from `rate`; a droplet then goes in moves as long
    as it takes to rise: a random displacement that the surface reflects, and the rise, by which
    alone it surfaces.

    Returns
    -------
    z, diameter : float
        [m]
    afloat : bool
    surfaced : float
        Time spent afloat. [s]

    References
    ----------
    Nordam, Kristiansen, Nepstad and Röhrs (2019), Ocean Model. 136, 107-119: reflection before
    the rise gives the flux of buoyancy through the surface, whatever the step.
    """
    rise = 0.0
    if not afloat:
        rise = rise_velocity(diameter, density, water_density, water_viscosity)
    surfaced = 0.0
    for n in range(MOST_MOVES):
        a, b = symmetric_pair(mix(key + np.uint64(2 * n + 1)), p)
        if afloat:
            wait = -np.log(0.5 * (1.0 - a)) / rate if rate > 0.0 else np.inf
            if wait >= left:
                return z, diameter, True, surfaced + left
            surfaced += wait
            left -= wait
            z = -max(intrusion_depth_delvigne1988(wave_height, 0.5 * (b + 1.0)), SHALLOWEST)
            a, b = symmetric_pair(mix(key + np.uint64(2 * n + 2)), p)
            diameter = new_diameter(dispersion, mixes, median, share, 0.5 * (1.0 - b))
            rise = rise_velocity(diameter, density, water_density, water_viscosity)
            afloat = False
        if not mixes and diameter <= PERMANENT_DIAMETER:
            break
        dt = min(left, max(-z / rise, SHORTEST_MOVE)) if rise > 0.0 else left
        if mixes:
            z = mixed_depth(z, np.sqrt(6.0 * diffusivity * dt) * a, mixed_layer_depth)
        if rise > 0.0 and -z <= rise * dt:
            left -= -z / rise
            z = 0.0
            afloat = True
        else:
            z += rise * dt
            left -= dt
            if left <= 0.0:
                break
    return z, diameter, afloat, surfaced


@loop
def find_urges(count, ids, key, rate, elapsed, urge):
    """Write a number that is above 0 for oil that waves may entrain within the step.

    The chance 1 - exp(-rate dt) is below rate dt. So most elements are left alone at once: `follow`
    draws the same number for the others.
    """
    for k in range(count):
        a, _ = symmetric_pair(key, ids[k])
        urge[k] = rate[k] * elapsed[k] - 0.5 * (1.0 + a)


@loop
def add_weight(count, density, temperature, urge):
    """Raise the numbers of `find_urges` above 0 for oil that is denser than the sea."""
    for k in range(count):
        urge[k] = max(urge[k], density[k] - sea_water_density(temperature[k]))


@loop
def mix_vertically(count, chunk, oil, settings, key):
    """Entrain, mix and raise the oil of a chunk; oil denser than the sea sinks for good.

    Changes z, status, droplet_diameter, and the time that the chunk's oil is at the surface.

    Returns
    -------
    int
        How many have sunk.
    """
    some = slice(chunk.first, chunk.first + count)
    ids, elapsed, surfaced = chunk.ids, chunk.scratch[ELAPSED], chunk.scratch[SURFACED]
    temperature, wave_height = chunk.scratch[TEMPERATURE], chunk.scratch[WAVE_HEIGHT]
    rate, urge = chunk.scratch[WORK], chunk.scratch[LOOKED_UP]
    density, viscosity = chunk.numbers[DENSITY, some], chunk.numbers[VISCOSITY, some]
    z, diameter = chunk.numbers[Z, some], chunk.numbers[DROPLET_DIAMETER, some]
    status = chunk.codes[STATUS, some]
    tension = oil.interfacial_tension
    dispersion, mixes, sinks = settings.dispersion, settings.vertical_mixing, settings.sinking
    diffusivity, depth = settings.vertical_diffusivity, settings.mixed_layer_depth
    find_rates(count, chunk, oil, dispersion, rate)
    slow_down(count, temperature, oil, rate)
    find_urges(count, ids, mix(key + np.uint64(1)), rate, elapsed, urge)
    if sinks:
        add_weight(count, density, temperature, urge)
    sunk = 0
    for k in range(count):
        afloat = status[k] == AFLOAT
        if (afloat and urge[k] <= 0.0) or (not afloat and status[k] != SUBMERGED):
            continue
        water_density = sea_water_density(temperature[k])
        if sinks and density[k] > water_density:
            status[k] = SUNK
            surfaced[k] = 0.0
            sunk += 1
            continue
        water_viscosity = sea_water_kinematic_viscosity(temperature[k])
        median, share = 0.0, 1.0
        if dispersion == LI2017 and rate[k] > 0.0:
            median, share = lasting_li2017(
                wave_height[k],
                viscosity[k],
                density[k],
                water_density,
                water_viscosity,
                tension,
                mixes,
            )
        z[k], diameter[k], afloat, above = follow(
            z[k],
            diameter[k],
            afloat,
            elapsed[k],
            density[k],
            rate[k] * share,
            median,
            share,
            wave_height[k],
            water_density,
            water_viscosity,
            dispersion,
            mixes,
            diffusivity,
            depth,
            key,
            ids[k],
        )
        status[k] = AFLOAT if afloat else SUBMERGED
        surfaced[k] += above - elapsed[k]
    return sunk
