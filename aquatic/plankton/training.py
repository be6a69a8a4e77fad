"""Linear models of what was measured: trained, cross-validated, and as ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from aquatic.errors import AquaticError

_Floats = npt.NDArray[np.float64]

FOLDS = 5
_STRENGTH = 1.0
_OPSET = 17


@dataclass(frozen=True)
class LinearModel:
    """A multinomial logistic regression of standardised measures.

    Attributes
    ----------
    classes : tuple of str
    mean, std : numpy.ndarray
        (measures,) of the training data.
    weights : numpy.ndarray
        (measures, classes)
    bias : numpy.ndarray
        (classes,)
    """

    classes: tuple[str, ...]
    mean: _Floats
    std: _Floats
    weights: _Floats
    bias: _Floats

    def onnx(self) -> bytes:
        """Return the model as ONNX: standardised measures (n, measures) to logits (n, classes)."""
        from onnx import TensorProto, helper, numpy_helper

        arrays = {"weights": self.weights, "bias": self.bias}
        constants = [
            numpy_helper.from_array(array.astype(np.float32), name)
            for name, array in arrays.items()
        ]
        count, classes = self.weights.shape
        graph = helper.make_graph(
            [helper.make_node("Gemm", ["measures", "weights", "bias"], ["logits"])],
            "linear",
            [helper.make_tensor_value_info("measures", TensorProto.FLOAT, ["n", count])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", classes])],
            constants,
        )
        opsets = [helper.make_opsetid("", _OPSET)]
        made: bytes = helper.make_model(
            graph, opset_imports=opsets, ir_version=8
        ).SerializeToString()
        return made


def train(values: _Floats, labels: Sequence[str]) -> LinearModel:
    """Return the model of measures and their classes, each class as weighty as the others.

    Parameters
    ----------
    values : numpy.ndarray
        (n, measures)
    labels : sequence of str
        (n,)

    Raises
    ------
    AquaticError
        Where there is one class only.
    """
    pipeline = _pipeline()
    _refuse_few(labels, least=1)
    pipeline.fit(values, np.asarray(labels))
    scaler, regression = pipeline[0], pipeline[1]
    weights, bias = regression.coef_.T, regression.intercept_
    if weights.shape[1] == 1:  # two classes: one logit, whose other is 0
        weights, bias = np.hstack([0.0 * weights, weights]), np.array([0.0, *bias])
    classes = tuple(map(str, regression.classes_))
    return LinearModel(classes, scaler.mean_, scaler.scale_, weights, bias)


def cross_validated(values: _Floats, labels: Sequence[str], *, seed: int = 0) -> list[str]:
    """Return the class of each by a model that was trained without it, in `FOLDS` parts.

    Parameters
    ----------
    values : numpy.ndarray
        (n, measures)
    labels : sequence of str
        (n,)
    seed : int
        Of the parts, which have the classes in equal shares.

    Raises
    ------
    AquaticError
        Where a class has fewer than `FOLDS`.
    """
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    _refuse_few(labels, least=FOLDS)
    parts = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    found = cross_val_predict(_pipeline(), values, np.asarray(labels), cv=parts)
    return [str(label) for label in found]


def macro_f1(labels: Sequence[str], found: Sequence[str]) -> float:
    """Return the mean over classes of the harmonic mean of precision and recall."""
    from sklearn.metrics import f1_score

    return float(f1_score(list(labels), list(found), average="macro", zero_division=0.0))


def _pipeline() -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    regression = LogisticRegression(C=_STRENGTH, class_weight="balanced", max_iter=5000)
    return make_pipeline(StandardScaler(), regression)


def _refuse_few(labels: Sequence[str], *, least: int) -> None:
    names, counts = np.unique(np.asarray(labels, dtype=str), return_counts=True)
    if len(names) < 2:
        raise AquaticError(
            f"found {len(names)} class{'es' if not len(names) else ''}, expected two at least: a "
            "folder of images for each"
        )
    if counts.min() < least:
        name = names[counts.argmin()]
        raise AquaticError(
            f"found {counts.min()} of the class {name}, expected {least} at least, one for each "
            "part of the cross-validation"
        )
