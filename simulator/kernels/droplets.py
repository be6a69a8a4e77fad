"""Oil under water: entrained by breaking waves, mixed, and risen to the surface again."""

import numpy as np

from simulator.kernels._jit import kernel, law
from simulator.kernels.buoyancy import (
    diameter_rising,
    rise_velocity,
    sea_water_density,
    sea_water_kinematic_viscosity,
)
from simulator.kernels.entrainment import (
    PERMANENT_DIAMETER,
    delvigne_diameter,
    droplet_diameter,
    droplet_median_diameter_li2017,
    entrainment_rate_delvigne1988,
    entrainment_rate_li2017,
    entrainment_rate_mackay1980,
    intrusion_depth_delvigne1988,
    share_below,
    whitecap_rate_holthuijsen1986,
)
from simulator.kernels.random import mix, normal_quantile, symmetric_pair
from simulator.kernels.state import AFLOAT, SUBMERGED, SUNK

NONE = 0
LI2017 = 1
DELVIGNE1988 = 2
MACKAY1980 = 3

BRIEF = 300.0
"""Droplets that rise through the whole layer that waves fill in less time count as floating. [s]

Li et al. (2017) have all oil that a breaking wave entrains, most of it in large droplets that come
up at once, to be entrained again: many times in a step, to no effect on where the oil is.
"""

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


@kernel
def entrainment_rate(
    dispersion,
    wind_speed,
    wave_height,
    wave_period,
    viscosity,
    density,
    water_fraction,
    oil_mass,
    oil_volume,
    area,
    water_density,
    tension,
):
    """Return the rate at which floating oil is entrained, by the law that is chosen. [s-1]"""
    if dispersion == MACKAY1980:
        return entrainment_rate_mackay1980(wind_speed, viscosity, oil_volume / area)
    whitecaps = whitecap_rate_holthuijsen1986(wind_speed, wave_period)
    if whitecaps == 0.0 or dispersion == NONE:
        return 0.0
    if dispersion == LI2017:
        return entrainment_rate_li2017(
            wave_height, whitecaps, viscosity * density, density, water_density, tension
        )
    return entrainment_rate_delvigne1988(
        wave_height,
        whitecaps,
        viscosity,
        oil_volume / area,
        oil_mass / oil_volume,
        water_density,
        water_fraction,
    )


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


@kernel
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
            z = -intrusion_depth_delvigne1988(wave_height, 0.5 * (b + 1.0))
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


@kernel
def mix_vertically(count, chunk, elements, oil, settings, key):
    """Entrain, mix and raise the oil of a chunk; oil denser than the sea sinks for good.

    Changes z, status, droplet_diameter, and the time that the chunk's oil is at the surface.
    """
    ids, elapsed, surfaced = chunk.ids, chunk.elapsed, chunk.surfaced
    mass, volume = chunk.mass, chunk.volume
    wind_speed, temperature = chunk.wind_speed, chunk.temperature
    wave_height, wave_period = chunk.wave_height, chunk.wave_period
    status, density, viscosity = elements.status, elements.density, elements.viscosity
    z, diameter, water = elements.z, elements.droplet_diameter, elements.water_fraction
    thick, thin, parts = elements.thick_area, elements.thin_area, elements.parts
    tension = oil.interfacial_tension
    dispersion, mixes, sinks = settings.dispersion, settings.vertical_mixing, settings.sinking
    diffusivity, depth = settings.vertical_diffusivity, settings.mixed_layer_depth
    for k in range(count):
        p = ids[k]
        if (status[p] != AFLOAT and status[p] != SUBMERGED) or mass[k] == 0.0:
            continue
        water_density = sea_water_density(temperature[k])
        if sinks and density[p] > water_density:
            status[p] = SUNK
            continue
        rate = entrainment_rate(
            dispersion,
            wind_speed[k],
            wave_height[k],
            wave_period[k],
            viscosity[p],
            density[p],
            water[p],
            mass[k],
            volume[k],
            (thick[p] + thin[p]) / parts[p],
            water_density,
            tension,
        )
        afloat = status[p] == AFLOAT
        a, _ = symmetric_pair(mix(key + np.uint64(1)), p)
        # the chance 1 - exp(-rate dt) is below rate dt: most elements are done here
        if afloat and 0.5 * (1.0 + a) >= rate * elapsed[k]:
            continue
        water_viscosity = sea_water_kinematic_viscosity(temperature[k])
        median, share = 0.0, 1.0
        if dispersion == LI2017 and rate > 0.0:
            median, share = lasting_li2017(
                wave_height[k],
                viscosity[p],
                density[p],
                water_density,
                water_viscosity,
                tension,
                mixes,
            )
        z[p], diameter[p], afloat, above = follow(
            z[p],
            diameter[p],
            afloat,
            elapsed[k],
            density[p],
            rate * share,
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
            p,
        )
        status[p] = AFLOAT if afloat else SUBMERGED
        surfaced[k] += above - elapsed[k]
