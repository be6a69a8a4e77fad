"""The numbers by which a model knows an image, and how far these are from those of its training."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from witoil.plugins.card import Card
from witoil.plugins.envelope import Feature, Findings
from witoil.plugins.errors import PluginError
from witoil.plugins.images import Photo
from witoil.plugins.preparation import prepare
from witoil.plugins.running import Run

Arrays = Mapping[str, npt.NDArray[np.float64]]


def embed(run: Run, card: Card, photo: Photo) -> Findings:
    """Return the embedding of an image; the model puts out (1, d)."""
    tensor, _ = prepare(photo.pixels, card.input)
    values = run(tensor)[0]
    if values.size != values.shape[-1]:
        raise PluginError(
            f"{card.model.id}: the model put out the shape {values.shape}, expected one row"
        )
    return Findings([Feature(properties={"embedding": values.ravel().tolist()})])


def typicality(embedding: list[float], reference: Arrays, name: str) -> dict[str, float]:
    """Return how far an embedding is from those of the training.

    Parameters
    ----------
    embedding : list of float
        (d,)
    reference : mapping
        ``mean`` (d,) and ``components`` (k, d) of a principal component analysis, ``centres``
        (classes, k) of the classes in it, and ``precision`` (k, k), the inverse of the covariance
        about them.
    name : str
        Of the plug-in.

    Returns
    -------
    dict
        ``distance2``, the smallest squared Mahalanobis distance to a centre, and
        ``p_in_distribution``, how likely one as large is in training (chi-squared, k degrees of
        freedom).

    Raises
    ------
    PluginError
        Where the arrays do not go with it.
    """
    from scipy.stats import chi2

    try:
        mean, components = reference["mean"], reference["components"]
        centres, precision = reference["centres"], reference["precision"]
        apart = components @ (np.array(embedding) - mean) - centres
        distance2 = float(np.einsum("ij,jk,ik->i", apart, precision, apart).min())
    except (KeyError, ValueError) as error:
        raise PluginError(
            f"{name}: ood: {error}; expected the arrays mean (d), components (k, d), centres (n, k)"
            f" and precision (k, k) for {len(embedding)} numbers"
        ) from None
    return {
        "distance2": distance2,
        "p_in_distribution": float(chi2.sf(distance2, components.shape[0])),
    }
