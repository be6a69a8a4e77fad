"""What becomes of beached oil: it seeps into the shore, and is washed off again.

The laws are those of MEDSLIK-II (De Dominicis, Pinardi, Zodiatis and Lardner 2013,
https://doi.org/10.5194/gmd-6-1851-2013), with two differences: what a stretch of the shore holds,
absorbed and loose, is bounded by its capacity, and whether the sea takes a particle away is left to
the time loop, which puts it back where its way would lead over land.
"""

import numpy as np

from simulator.kernels._jit import kernel, law, loop
from simulator.kernels.random import mix, symmetric_pair
from simulator.kernels.state import AFLOAT, BEACHED

_STREAM = np.uint64(0x53484F5245)  # "SHORE"; apart from the kicks drawn with the key of a step


@law
def share_lost(dt, half_life):
    """Return the share of a decaying quantity that goes within `dt`.

    Everything for a half-life of 0, nothing for an infinite one. [1]
    """
    if half_life <= 0.0:
        return 1.0
    return 1.0 - 0.5 ** (dt / half_life)


@law
def share_seeping(lost, absorbed, capacity):
    """Return the share of loose oil that seeps into a shore that holds some already. [1]

    `lost` is the share on clean shore. [1] `absorbed` and `capacity` are of the whole stretch. [kg]
    """
    if absorbed >= capacity:
        return 0.0
    return lost * np.exp(-absorbed / capacity)


@loop
def mass_of(p, component_mass):
    """Return the mass of all components of a particle. [kg]"""
    mass = 0.0
    for c in range(component_mass.shape[0]):
        mass += component_mass[c, p]
    return mass


@loop
def seep(dt, status, stretch, component_mass, absorbed_mass, absorbed_by_stretch, half_life, limit):
    """Let beached oil seep into the shore, particle after particle, in place.

    See `visit_shore`; `half_life` [s] and `limit` [kg] are those of the stretches.
    """
    for p in range(status.size):
        s = stretch[p]
        if status[p] != BEACHED or s < 0:
            continue
        loose = mass_of(p, component_mass)
        if loose <= 0.0:
            continue
        share = share_seeping(share_lost(dt, half_life[s]), absorbed_by_stretch[s], limit[s])
        share = min(share, (limit[s] - absorbed_by_stretch[s]) / loose) if share > 0.0 else 0.0
        taken = 0.0
        for c in range(component_mass.shape[0]):
            part = share * component_mass[c, p]
            component_mass[c, p] -= part
            taken += part
        absorbed_mass[p] += taken
        absorbed_by_stretch[s] += taken


@loop
def wash_off(dt, key, status, stretch, component_mass, absorbed_by_stretch, half_life, limit):
    """Set particles afloat that the sea takes away or the shore cannot hold; return their number.

    See `visit_shore`; `half_life` [s] and `limit` [kg] are those of the stretches.
    """
    stream = mix(np.uint64(key) ^ _STREAM)
    held = absorbed_by_stretch.copy()
    released = 0
    for p in range(status.size):
        s = stretch[p]
        if status[p] != BEACHED or s < 0:
            continue
        loose = mass_of(p, component_mass)
        if loose <= 0.0:
            continue
        a, _ = symmetric_pair(stream, p)
        if 0.5 * (a + 1.0) >= share_lost(dt, half_life[s]):
            held[s] += loose
            if held[s] <= limit[s]:
                continue
        status[p] = AFLOAT
        released += 1
    return released


@kernel
def visit_shore(
    dt,
    key,
    status,
    stretch,
    component_mass,
    absorbed_mass,
    density,
    absorbed_by_stretch,
    seepage_half_life,
    wash_off_half_life,
    capacity,
):
    """Age beached oil by `dt`: seepage first, then wash-off and what is beyond the capacity.

    Particles are taken in their order, on one thread, as those of a stretch share its capacity.
    One that beached since the last visit is treated as if it had lain there for all of `dt`.

    Parameters
    ----------
    dt : float
        Since the last visit. [s]
    key : int
        64 bits that differ from visit to visit, as of `simulator.kernels.random.step_key`.
    status : ndarray of int8, shape (particles,)
        BEACHED becomes AFLOAT for a particle that comes off, in place.
    stretch : ndarray of int32, shape (particles,)
        Stretch of the shore that a beached particle lies on; below 0 it is left alone.
    component_mass : ndarray, shape (components, particles)
        Loose oil; what seeps away is taken out of all components in proportion, in place. [kg]
    absorbed_mass : ndarray, shape (particles,)
        What the shore has taken from each particle, on any stretch; added to in place. [kg]
    density : float
        Of the oil. [kg m-3]
    absorbed_by_stretch : ndarray, shape (stretches,)
        Added to in place. [kg]
    seepage_half_life, wash_off_half_life : ndarray, shape (stretches,)
        0 for at once, infinite for never. [s]
    capacity : ndarray, shape (stretches,)
        Oil that a stretch can hold, absorbed and loose. [m3]

    Returns
    -------
    int
        Number of particles set afloat. Of a stretch with more loose oil than it can hold, those
        are that come last.
    """
    limit = capacity * density
    seep(
        dt,
        status,
        stretch,
        component_mass,
        absorbed_mass,
        absorbed_by_stretch,
        seepage_half_life,
        limit,
    )
    return wash_off(
        dt, key, status, stretch, component_mass, absorbed_by_stretch, wash_off_half_life, limit
    )
