"""Models of several sites made one by averaging what they have learnt (federated averaging).

Data stay where they are; what travels is a model and how many samples it has seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from aquatic.errors import AquaticError

Tensor = npt.NDArray[np.generic]
Tensors = Mapping[str, Tensor]


def average(models: Sequence[Tensors], samples: Sequence[int]) -> dict[str, Tensor]:
    """Return the mean of models, each counted by its samples.

    Parameters
    ----------
    models : sequence of mapping
        Name of a tensor -> its values, at each site.
    samples : sequence of int
        How many each site has trained on.

    Returns
    -------
    dict
        ``sum(n_k w_k) / sum(n_k)`` for tensors of real numbers, in their own precision. Where all
        sites have the same bits these are kept.

    Raises
    ------
    AquaticError
        Where there is one site only, a count is not above 0, or the sites' models differ in more
        than real numbers.

    Notes
    -----
    Where each site makes one step of gradient descent from a common model with all its samples,
    the mean is the step that pooled data would have made (FedSGD); with several steps of their own
    it is near, the more so the more alike the sites' data are.

    References
    ----------
    McMahan, Moore, Ramage, Hampson & Agüera y Arcas (2017), algorithm 1,
    https://proceedings.mlr.press/v54/mcmahan17a.html
    """
    if len(models) < 2 or len(models) != len(samples):
        raise AquaticError(
            f"found {len(models)} models and {len(samples)} counts of samples, expected two models "
            "at least and a count for each"
        )
    for count in samples:
        if isinstance(count, bool) or count != int(count) or count < 1:
            raise AquaticError(f"found {count} samples, expected a whole number above 0")
    first = models[0]
    for model in models[1:]:
        _refuse_other(first, model)
    shares = np.array(samples, dtype=np.float64) / sum(samples)
    return {name: _mean(name, [it[name] for it in models], shares) for name in first}


def _refuse_other(first: Tensors, other: Tensors) -> None:
    if [*first] != [*other]:
        names = sorted({*first} ^ {*other})
        raise AquaticError(
            f"found the tensors of one model alone: {', '.join(names[:3]) or 'in another order'}; "
            "expected those of both"
        )
    for name, tensor in first.items():
        theirs = other[name]
        if (tensor.shape, tensor.dtype) != (theirs.shape, theirs.dtype):
            raise AquaticError(
                f"{name}: found {theirs.shape} of {theirs.dtype}, expected {tensor.shape} of "
                f"{tensor.dtype} as in the first model"
            )


def _mean(name: str, tensors: Sequence[Tensor], shares: npt.NDArray[np.float64]) -> Tensor:
    first = tensors[0]
    if all(it.tobytes() == first.tobytes() for it in tensors):
        return first
    if not np.issubdtype(first.dtype, np.floating):
        raise AquaticError(
            f"{name}: found other values of {first.dtype}, which cannot be averaged; expected "
            "models made by one program from one start"
        )
    if not all(np.isfinite(it).all() for it in tensors):
        raise AquaticError(f"{name}: found numbers that are not finite, expected a trained model")
    total = np.zeros(first.shape)
    for share, tensor in zip(shares, tensors, strict=True):
        total += share * tensor.astype(np.float64)
    return total.astype(first.dtype)
