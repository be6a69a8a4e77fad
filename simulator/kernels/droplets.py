"""Oil under water: entrained by breaking waves, mixed, and risen to the surface again."""

import numpy as np

from simulator.kernels._jit import kernel, law
from simulator.kernels.buoyancy import (
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
from simulator.kernels.random import mix, symmetric_pair
from simulator.kernels.state import AFLOAT, SUBMERGED, SUNK
from simulator.kernels.weathering import mass_and_volume

NONE = 0
LI2017 = 1
DELVIGNE1988 = 2
MACKAY1980 = 3

SHORTEST_MOVE = 60.0
"""Droplets move for as long as they take to rise, but no shorter. [s]"""


@law
def entrainment_rate(k, p, chunk, elements, oil, settings, water_density):
    """Return the rate at which floating oil is entrained, by the law that is chosen. [s-1]"""
    whitecaps = whitecap_rate_holthuijsen1986(chunk.wind_speed[k], chunk.wave_period[k])
    if settings.dispersion == LI2017:
        if whitecaps == 0.0:
            return 0.0
        dynamic = elements.viscosity[p] * elements.density[p]
        height, density = chunk.wave_height[k], elements.density[p]
        tension = oil.interfacial_tension
        rate = entrainment_rate_li2017(height, whitecaps, dynamic, density, water_density, tension)
        if not settings.vertical_mixing and rate > 0.0:
            median = droplet_median_diameter_li2017(
                height, dynamic, density, water_density, tension
            )
            rate *= share_below(PERMANENT_DIAMETER, median)
        return rate
    mass, volume = mass_and_volume(elements.component_mass[p], oil)
    area = (elements.thick_area[p] + elements.thin_area[p]) / elements.parts[p]
    if mass == 0.0:
        return 0.0
    if settings.dispersion == MACKAY1980:
        return entrainment_rate_mackay1980(
            chunk.wind_speed[k], elements.viscosity[p], volume / area
        )
    return entrainment_rate_delvigne1988(
        chunk.wave_height[k],
        whitecaps,
        elements.viscosity[p],
        volume / area,
        mass / volume,
        water_density,
        elements.water_fraction[p],
    )


@law
def new_diameter(k, p, chunk, elements, oil, settings, water_density, a, b):
    """Draw the diameter of a droplet that a breaking wave has made. [m]

    `a` and `b` are uniform on [-1, 1). Without vertical mixing only those are made that stay under
    water for good.
    """
    if not settings.vertical_mixing:
        return PERMANENT_DIAMETER
    if settings.dispersion != LI2017:
        return delvigne_diameter(0.5 * (a + 1.0))
    median = droplet_median_diameter_li2017(
        chunk.wave_height[k],
        elements.viscosity[p] * elements.density[p],
        elements.density[p],
        water_density,
        oil.interfacial_tension,
    )
    # Box and Muller (1958)
    normal = np.sqrt(-2.0 * np.log(0.5 * (1.0 - a))) * np.cos(np.pi * b)
    return droplet_diameter(median, normal)


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
def follow(k, p, chunk, elements, oil, settings, rate, water_density, key):
    """Take one element through a step of being entrained, mixed and risen, as often as it happens.

    Changes z, status and droplet_diameter. Waves entrain it after a waiting time drawn from
    `rate`; a droplet then goes in moves as long as it takes to rise: a random displacement that
    the surface reflects, and the rise, by which alone it surfaces.

    References
    ----------
    Nordam, Kristiansen, Nepstad and Röhrs (2019), Ocean Model. 136, 107-119: reflection before
    the rise gives the flux of buoyancy through the surface, whatever the step.
    """
    left = chunk.elapsed[k]
    z = elements.z[p]
    diameter = elements.droplet_diameter[p]
    afloat = elements.status[p] == AFLOAT
    water_viscosity = sea_water_kinematic_viscosity(chunk.temperature[k])
    draw = np.uint64(0)
    while left > 0.0:
        draw += np.uint64(1)
        a, b = symmetric_pair(mix(key + draw), p)
        if afloat:
            wait = -np.log(0.5 * (1.0 - a)) / rate if rate > 0.0 else np.inf
            if wait >= left:
                break
            left -= wait
            z = -intrusion_depth_delvigne1988(chunk.wave_height[k], 0.5 * (b + 1.0))
            draw += np.uint64(1)
            a, b = symmetric_pair(mix(key + draw), p)
            diameter = new_diameter(k, p, chunk, elements, oil, settings, water_density, a, b)
            afloat = False
            continue
        if not settings.vertical_mixing and diameter <= PERMANENT_DIAMETER:
            break
        rise = rise_velocity(diameter, elements.density[p], water_density, water_viscosity)
        dt = min(left, max(-z / rise, SHORTEST_MOVE)) if rise > 0.0 else left
        if settings.vertical_mixing:
            kick = np.sqrt(6.0 * settings.vertical_diffusivity * dt) * a
            z = mixed_depth(z, kick, settings.mixed_layer_depth)
        z += rise * dt
        left -= dt
        if z >= 0.0:
            z = 0.0
            afloat = True
    elements.z[p] = z
    elements.droplet_diameter[p] = diameter
    elements.status[p] = AFLOAT if afloat else SUBMERGED


@kernel
def mix_vertically(count, chunk, elements, oil, settings, key):
    """Entrain, mix and raise the oil of a chunk; oil denser than the sea sinks for good.

    Changes z, status and droplet_diameter.
    """
    for k in range(count):
        p = chunk.ids[k]
        status = elements.status[p]
        if status != AFLOAT and status != SUBMERGED:
            continue
        water_density = sea_water_density(chunk.temperature[k])
        if settings.sinking and elements.density[p] > water_density:
            elements.status[p] = SUNK
            continue
        rate = 0.0
        if settings.dispersion != NONE and (status == AFLOAT or settings.vertical_mixing):
            rate = entrainment_rate(k, p, chunk, elements, oil, settings, water_density)
        if status == AFLOAT:
            # the chance 1 - exp(-rate dt) is below rate dt: most elements are done here
            a, _ = symmetric_pair(mix(key + np.uint64(1)), p)
            if 0.5 * (1.0 + a) >= rate * chunk.elapsed[k]:
                continue
        follow(k, p, chunk, elements, oil, settings, rate, water_density, key)
