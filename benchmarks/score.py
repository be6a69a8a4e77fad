"""Time of the fractions skill score on a large grid."""

import time

import numpy as np
import numpy.typing as npt

from optimizer import fractions_skill_score

WINDOWS = (1, 7, 21, 67)


def run() -> dict[str, float]:
    """Best time of several, on one core, compilation left out.

    Returns
    -------
    dict of str to float
        ``fss_1000x1000_4_windows_ms`` for oil all over the grid, the slowest case, and
        ``fss_1000x1000_4_windows_slick_ms`` for slicks that cover a tenth of each side. [ms]
    """
    rng = np.random.default_rng(0)
    everywhere = rng.random((2, 1000, 1000)) < 0.3
    slick = np.zeros((2, 1000, 1000), dtype=bool)
    slick[0, 400:500, 400:500] = True
    slick[1, 430:530, 420:520] = True
    return {
        "fss_1000x1000_4_windows_ms": _best_milliseconds(*everywhere),
        "fss_1000x1000_4_windows_slick_ms": _best_milliseconds(*slick),
    }


def _best_milliseconds(
    forecast: npt.NDArray[np.bool_], observed: npt.NDArray[np.bool_], repeats: int = 20
) -> float:
    """Shortest of several runs, after one that compiles [ms]."""
    fractions_skill_score(forecast, observed, WINDOWS)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        fractions_skill_score(forecast, observed, WINDOWS)
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name}: {value:.2f}")
