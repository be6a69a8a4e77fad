"""The parameters that a run takes."""

import numpy as np
import pytest

from simulator import Parameters, SimulatorError


@pytest.mark.parametrize("value", [-1.0, np.nan])
def test_diffusivity_below_nothing_is_refused(value):
    with pytest.raises(SimulatorError, match="horizontal_diffusivity"):
        Parameters(horizontal_diffusivity=value)


def test_names_are_what_parameters_takes():
    assert Parameters(**dict.fromkeys(Parameters.names(), 0.5)).stokes_factor == 0.5
