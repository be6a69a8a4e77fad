"""Total variation denoising, against another implementation of the same iterations."""

import numpy as np
import pytest
from skimage.restoration import denoise_tv_chambolle

from aquatic.slicks.total_variation import denoised

pytestmark = pytest.mark.slow


def noisy(shape, seed=1):
    rng = np.random.default_rng(seed)
    step = 4.0 * (np.arange(shape[1]) > shape[1] // 2)
    return (step + rng.normal(size=shape)).astype(np.float32)


@pytest.mark.parametrize("shape", [(60, 81), (1, 40), (33, 1), (1, 1), (2, 2)])
@pytest.mark.parametrize("weight", [0.3, 1.5, 20.0])
def test_it_is_that_of_another_implementation(shape, weight):
    image = noisy(shape)
    expected = denoise_tv_chambolle(image, weight=weight, eps=1e-6, max_num_iter=200)
    found = denoised(image, weight, 1e-6, 200)
    assert found.dtype == np.float32
    # whether there is one iteration more depends on how the energy is summed
    np.testing.assert_allclose(found, expected, atol=2e-3)
    whole = denoise_tv_chambolle(image, weight=weight, eps=0.0, max_num_iter=30)
    np.testing.assert_array_equal(denoised(image, weight, -1.0, 30), whole)


def test_parts_of_larger_arrays_are_taken():
    image = noisy((50, 70))
    part = denoised(image[5:30, 10:40], 1.0, 1e-6, 50)
    np.testing.assert_array_equal(part, denoised(image[5:30, 10:40].copy(), 1.0, 1e-6, 50))
    np.testing.assert_array_equal(image, noisy((50, 70)))
