"""Plug-ins made in tests: ONNX graphs whose answers are known, with a card beside them."""

import hashlib
import os
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CASES = Path(os.environ.get("WITOIL_CASES", Path(__file__).parents[3] / "shared" / "cases"))
AQUATIC = CASES / "aquatic"
OPSET = 17

EYEONWATER = """
[model]
id = "eyeonwater-yolo"
version = "2025.07"
task = "image-classify"
licence_code = "MIT"
licence_weights = "AGPL-3.0"
source = "https://github.com/ai4os-hub/eyeonwater-yolo"
[input]
kind = "image"
size = [{size}, {size}]
resize = "short-side-centre-crop"
interpolation = "bilinear"
scale = 0.00392156862745098
[output]
format = "probs"
topk = 3
labels = ["bad", "water_bad", "water_good"]
[geo]
kinds = ["point", "none"]
"""


def graph(nodes, inputs, outputs, constants=(), domains=()):
    """Return the bytes of a model; inputs and outputs are name -> shape."""

    def values(shapes):
        return [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in shapes.items()
        ]

    tensors = [numpy_helper.from_array(array, name) for name, array in dict(constants).items()]
    made = helper.make_graph(nodes, "test", values(inputs), values(outputs), tensors)
    opsets = [helper.make_opsetid("", OPSET), *(helper.make_opsetid(it, 1) for it in domains)]
    model = helper.make_model(made, opset_imports=opsets, ir_version=8)
    return model.SerializeToString()


def constant(shape, **outputs):
    """Return a model that puts out the same whatever it is given (an empty sum is added)."""
    nodes = [helper.make_node("ReduceMean", ["x"], ["mean"], keepdims=0)]
    nodes.append(helper.make_node("Mul", ["mean", "zero"], ["nothing"]))
    constants = {"zero": np.zeros((), np.float32)}
    for name, array in outputs.items():
        constants[f"{name}_is"] = np.asarray(array, np.float32)
        nodes.append(helper.make_node("Add", [f"{name}_is", "nothing"], [name]))
    shapes = {name: np.asarray(array).shape for name, array in outputs.items()}
    return graph(nodes, {"x": shape}, shapes, constants)


def mean_colour():
    """Return a model that gives the mean of each channel, (n, 3): what was put in can be seen."""
    node = helper.make_node("ReduceMean", ["x"], ["y"], axes=[2, 3], keepdims=0)
    return graph([node], {"x": ["n", 3, "h", "w"]}, {"y": ["n", 3]})


def same():
    """Return a model that gives back its input, a class for each channel."""
    node = helper.make_node("Identity", ["x"], ["y"])
    shape = ["n", "c", "h", "w"]
    return graph([node], {"x": shape}, {"y": shape})


def plugin_in(folder, model, card):
    """Write a plug-in into a folder: the model's bytes, and its card with their checksum."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model)
    pinned = f"""
[weights]
uri = "model.onnx"
sha256 = "{hashlib.sha256(model).hexdigest()}"
bytes = {len(model)}
"""
    (folder / "card.toml").write_text(card + pinned)
    return folder


def card(task, kind="image", *, head="", how="", output="", rest=""):
    """Return the text of a card without weights."""
    return f"""{head}
[model]
id = "made-{task}"
version = "1"
task = "{task}"
licence_code = "Apache-2.0"
licence_weights = "CC0-1.0"
[input]
kind = "{kind}"
{how}
[output]
{output}
{rest}
"""


def model_of(text):
    """Return the bytes of a model in ONNX's own text form."""
    return onnx.parser.parse_model(text).SerializeToString()
