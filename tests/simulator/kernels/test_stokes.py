"""Stokes drift of a wind sea, against numbers computed with MEDSLIK-II and against theory."""

import numpy as np
import pytest
from scipy.integrate import quad

from simulator.kernels.stokes import jonswap_density, stokes_drift_speed_jonswap

FETCH = 20_000.0


@pytest.mark.parametrize(
    ("wind_speed", "ratio"),
    [(2, 0.0077), (3, 0.0086), (5, 0.0092), (7, 0.0094), (10, 0.0094), (15, 0.0093)],
)
def test_ratio_to_the_wind_is_that_of_medslik(wind_speed, ratio):
    drift = stokes_drift_speed_jonswap(float(wind_speed), FETCH)
    assert drift / wind_speed == pytest.approx(ratio, abs=1.5e-4)


@pytest.mark.slow
@pytest.mark.parametrize("wind_speed", [5.0, 15.0])
def test_the_sum_is_the_integral_of_the_spectrum(wind_speed):
    def integrand(omega):
        return 2.0 * omega**3 / 9.81 * jonswap_density(omega, wind_speed, FETCH)

    peak = 22.0 * (9.81**2 / (wind_speed * FETCH)) ** (1 / 3)
    integral, _ = quad(integrand, 0.01, 2.0 * np.pi * 0.7, points=[peak], limit=200)
    assert stokes_drift_speed_jonswap(wind_speed, FETCH) == pytest.approx(integral, rel=2e-3)


def test_the_spectrum_peaks_where_jonswap_says():
    omega = np.linspace(0.5, 4.0, 4000)
    density = [jonswap_density(w, 10.0, FETCH) for w in omega]
    peak = 22.0 * (9.81**2 / (10.0 * FETCH)) ** (1 / 3)
    assert omega[np.argmax(density)] == pytest.approx(peak, rel=5e-3)


def test_calm_makes_no_drift():
    assert stokes_drift_speed_jonswap(0.0, FETCH) == 0.0


def test_drift_grows_with_the_wind():
    drift = [stokes_drift_speed_jonswap(w, FETCH) for w in np.arange(0.5, 40.0, 0.5)]
    assert (np.diff(drift) > 0.0).all()
