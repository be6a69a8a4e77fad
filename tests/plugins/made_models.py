"""Graphs with the inputs and outputs of the models that cards are for, whose answers are known."""

import numpy as np
import onnx
from onnx import helper

from tests.plugins.builders import constant, graph


def named(content, names):
    """Return a model with the names of its classes in its metadata, as Ultralytics writes them."""
    model = onnx.load_model_from_string(content)
    helper.set_model_props(model, {"names": repr(dict(enumerate(names)))})
    return model.SerializeToString()


def anchors(side):
    """Return how many boxes a YOLO of three strides puts out."""
    return sum((side // stride) ** 2 for stride in (8, 16, 32))


def boxes(side, classes, *, turned=False, masks=0):
    """Return a YOLO that sees one box in the middle, of the second class where there are two.

    It is half as wide and a quarter as high as what the model is fed.
    """
    found = np.zeros((1, 4 + classes + turned + masks, anchors(side)), np.float32)
    found[0, :4, 7] = side / 2, side / 2, side / 2, side / 4
    found[0, 4 + min(1, classes - 1), 7] = 0.9
    if turned:
        found[0, 4 + classes, 7] = 0.0  # radians
    outputs = {"output0": found}
    if masks:
        found[0, 4 + classes, 7] = 1.0
        prototypes = np.full((1, masks, side // 4, side // 4), -1.0, np.float32)
        prototypes[0, 0] = 9.0
        outputs["output1"] = prototypes
    return constant([1, 3, side, side], **outputs)


def linear_of_mean(shape, axes, weights, bias):
    """Return a model whose classes are linear in the mean of what it is fed, (n, classes)."""
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=axes, keepdims=0),
        helper.make_node("Gemm", ["mean", "w", "b"], ["y"]),
    ]
    constants = {"w": np.asarray(weights, np.float32), "b": np.asarray(bias, np.float32)}
    return graph(nodes, {"x": shape}, {"y": [shape[0], len(bias)]}, constants)


def softmaxed(content):
    """Return a model that puts out probabilities in the place of numbers, along the last axis."""
    model = onnx.load_model_from_string(content)
    for node in model.graph.node:
        node.output[:] = ["logits" if it == "y" else it for it in node.output]
    model.graph.node.append(helper.make_node("Softmax", ["logits"], ["y"], axis=-1))
    return model.SerializeToString()


def linear_of_pixels(side, weights, bias):
    """Return a model whose classes at each pixel are linear in its colours, a convolution of 1."""
    node = helper.make_node("Conv", ["x", "w", "b"], ["y"])
    weights = np.asarray(weights, np.float32)[:, :, np.newaxis, np.newaxis]
    constants = {"w": weights, "b": np.asarray(bias, np.float32)}
    shape = [1, 3, side, side]
    return graph([node], {"x": shape}, {"y": [1, len(bias), side, side]}, constants)


def parts(side, wheres, queries=100):
    """Return a model of parts: where each thing is, and that it is one; as Mask2Former has them."""
    classes = np.zeros((1, queries, 2), np.float32)
    classes[0, :, 1] = 9.0
    masks = np.full((1, queries, side // 4, side // 4), -9.0, np.float32)
    for k, (rows, columns) in enumerate(wheres):
        classes[0, k] = 9.0, 0.0
        masks[0, k, rows, columns] = 9.0
    return constant([1, 3, side, side], class_queries_logits=classes, masks_queries_logits=masks)


def input_shape(content):
    """Return the shape that a model takes."""
    (taken,) = onnx.load_model_from_string(content).graph.input
    return [it.dim_value for it in taken.type.tensor_type.shape.dim]
