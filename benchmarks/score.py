"""Time of the fractions skill score on a large grid, and of the mask of many particles."""

import time
from collections.abc import Callable

import numpy as np

from optimizer import fractions_skill_score
from simulator import oil_thickness, slick_mask

WINDOWS = (1, 7, 21, 67)


def run() -> dict[str, float]:
    """Best time of several, on one core, compilation left out.

    Returns
    -------
    dict of str to float
        ``fss_1000x1000_4_windows_ms`` for oil all over the grid, the slowest case,
        ``fss_1000x1000_4_windows_slick_ms`` for slicks that cover a tenth of each side, and
        ``mask_100000_particles_ms`` for a cloud of particles on the same grid. [ms]
    """
    rng = np.random.default_rng(0)
    everywhere = rng.random((2, 1000, 1000)) < 0.3
    slick = np.zeros((2, 1000, 1000), dtype=bool)
    slick[0, 400:500, 400:500] = True
    slick[1, 430:530, 420:520] = True
    cloud = rng.normal(500.0, 60.0, (2, 100_000))
    mass = np.ones(100_000)

    def mask() -> None:
        thickness = oil_thickness(*cloud, mass, (1000, 1000), cell_area=22_500.0, density=900.0)
        slick_mask(thickness, 1e-7)

    return {
        "fss_1000x1000_4_windows_ms": _best(lambda: fractions_skill_score(*everywhere, WINDOWS)),
        "fss_1000x1000_4_windows_slick_ms": _best(lambda: fractions_skill_score(*slick, WINDOWS)),
        "mask_100000_particles_ms": _best(mask),
    }


def _best(call: Callable[[], object], repeats: int = 20) -> float:
    """Shortest of several runs, after one that compiles. [ms]"""
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)
