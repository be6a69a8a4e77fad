"""Turns weights that are programs (PyTorch, Keras, scikit-learn) into ONNX, and compares the two.

Run it once, in an environment of its own: to load a checkpoint is to run what its makers, or
whoever changed it since, have written into it. docs/conversion.md has a line for each card.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx

OPSET = 17
MOST_DIFFERENCE = 1e-3
"""Of what both put out, beyond which the conversion is thrown away."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Convert what the command line names; return 1 where both do not put out the same."""
    options = _parser().parse_args(arguments)
    temporary = options.out.with_name(f".{options.out.name}.part")
    try:
        expected, fed = RECIPES[options.made_with](options, temporary)
        if options.names:
            write_names(temporary, Path(options.names).read_text(encoding="utf-8").splitlines())
        difference = _difference(temporary, expected, fed)
        print(f"largest difference of what both put out: {difference:.2g}")
        if not difference <= MOST_DIFFERENCE:
            print(f"more than {MOST_DIFFERENCE}: nothing is written", file=sys.stderr)
            return 1
        os.replace(temporary, options.out)
    finally:
        temporary.unlink(missing_ok=True)
    print(f"written to {options.out}; `witoil modules fetch NAME --from {options.out}` brings it")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("made_with", choices=RECIPES)
    parser.add_argument("weights", type=Path, help="checkpoint, or folder of one")
    parser.add_argument("-o", "--out", type=Path, required=True, help="ONNX file to write")
    parser.add_argument("--size", type=int, default=640, help="side of the input, pixels")
    parser.add_argument("--classes", type=int, default=2, help="of a DeepLab")
    parser.add_argument("--names", help="file with the name of a class in each line")
    return parser


Expected = tuple[list[Any], Any]
"""What the original puts out for an input, and that input."""


def write_names(path: Path, names: Sequence[str]) -> None:
    """Write the names of the classes into a model's metadata, as Ultralytics does."""
    model = onnx.load(path)
    kept = [name.strip() for name in names if name.strip()]
    onnx.helper.set_model_props(model, {"names": repr(dict(enumerate(kept)))})
    onnx.save(model, path)


def _difference(path: Path, expected: list[Any], fed: Any) -> float:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (taken,) = session.get_inputs()
    found = session.run(None, {taken.name: fed})
    return max(
        float(np.abs(np.asarray(one) - np.asarray(other)).max())
        for one, other in zip(found, expected, strict=True)
    )


def of_ultralytics(options: argparse.Namespace, out: Path) -> Expected:
    """Export a YOLO at the size of the card; Ultralytics writes task, names and size into it."""
    import torch
    from ultralytics import YOLO

    yolo = YOLO(str(options.weights))
    exported = yolo.export(
        format="onnx", imgsz=options.size, opset=OPSET, dynamic=False, simplify=False, nms=False
    )
    os.replace(exported, out)
    fed = _noise(1, 3, options.size, options.size)
    model = yolo.model.float().eval()
    with torch.no_grad():
        given = model(torch.from_numpy(fed))
    # in training a YOLO gives its raw levels, too, behind what it exports
    first = given[0] if isinstance(given, tuple | list) else given
    parts = list(first) if isinstance(first, tuple | list) else [first]
    if isinstance(given, tuple | list) and yolo.task == "segment":
        parts.append(given[1][-1] if isinstance(given[1], tuple | list) else given[1])
    return [it.numpy() for it in parts[: _outputs(out)]], fed


def _outputs(path: Path) -> int:
    return len(onnx.load(path).graph.output)


def of_torch_module(options: argparse.Namespace, out: Path) -> Expected:
    """Export a whole module that was pickled, as the classifier of multiples is."""
    import torch

    module = torch.load(options.weights, map_location="cpu", weights_only=False)
    return _export(module, _noise(1, 3, options.size, options.size), out, ["logits"])


def of_deeplab(options: argparse.Namespace, out: Path) -> Expected:
    """Export torchvision's DeepLabV3-ResNet50 with the weights of a file."""
    import torch
    from torchvision.models.segmentation import deeplabv3_resnet50

    network = deeplabv3_resnet50(weights=None, weights_backbone=None, aux_loss=None)
    network.classifier[4] = torch.nn.Conv2d(256, options.classes, kernel_size=1)
    state = torch.load(options.weights, map_location="cpu", weights_only=True)
    state = {key.removeprefix("model."): value for key, value in state.items()}
    missing, _ = network.load_state_dict(state, strict=False)
    if missing:
        names = ", ".join(missing[:3])
        raise SystemExit(f"{options.weights}: lacks {names} ...; is it another network?")

    def logits(found: Any) -> Any:
        return found["out"]

    return _export(
        _chosen(network, logits), _noise(1, 3, options.size, options.size), out, ["logits"]
    )


def of_mask2former(options: argparse.Namespace, out: Path) -> Expected:
    """Export a Mask2Former out of a folder of transformers.

    The exported graph samples grids in two precisions, which ONNX Runtime does not: all of it is
    made of 32 bits.
    """
    import torch
    from transformers import Mask2FormerForUniversalSegmentation

    sample = torch.nn.functional.grid_sample

    def in_floats(values: Any, grid: Any, *rest: Any, **more: Any) -> Any:
        return sample(values.float(), grid.float(), *rest, **more)

    torch.nn.functional.grid_sample = in_floats
    network = Mask2FormerForUniversalSegmentation.from_pretrained(options.weights).float().eval()

    def parts(found: Any) -> Any:
        return found.class_queries_logits, found.masks_queries_logits

    names = ["class_queries_logits", "masks_queries_logits"]
    return _export(_chosen(network, parts), _noise(1, 3, options.size, options.size), out, names)


def of_clap(options: argparse.Namespace, out: Path) -> Expected:
    """Export a whole module that takes CLAP's features, (1, 1, 1001, 64), and gives classes."""
    import torch

    module = torch.load(options.weights, map_location="cpu", weights_only=False)
    return _export(module, _noise(1, 1, 1001, 64), out, ["logits"])


def of_keras(options: argparse.Namespace, out: Path) -> Expected:
    """Export a Keras model of images, channels last."""
    import keras
    import tensorflow
    import tf2onnx

    model = keras.saving.load_model(options.weights, compile=False)
    fed = _noise(1, options.size, options.size, 3)
    expected = np.asarray(model(fed, training=False))
    signature = (tensorflow.TensorSpec((None, options.size, options.size, 3), name="image"),)
    function = tensorflow.function(lambda image: model(image, training=False))
    tf2onnx.convert.from_function(function, signature, opset=OPSET, output_path=str(out))
    return [expected], fed


def of_scikit_learn(options: argparse.Namespace, out: Path) -> Expected:
    """Write the network of a multi-layer perceptron, (n, features) to (n, classes)."""
    import joblib

    network = joblib.load(options.weights)
    onnx.save(perceptron(network), out)
    fed = np.random.default_rng(1).random((50, network.coefs_[0].shape[0]), dtype=np.float32)
    return [network.predict_proba(fed)], fed


def perceptron(network: Any) -> onnx.ModelProto:
    """Return the ONNX model of a classifier of scikit-learn.

    Parameters
    ----------
    network : sklearn.neural_network.MLPClassifier
        Of three classes or more.
    """
    activations = {"relu": "Relu", "tanh": "Tanh", "logistic": "Sigmoid"}
    if network.out_activation_ != "softmax":
        raise SystemExit("expected a classifier of three classes or more")
    nodes, tensors, name = [], [], "features"
    layers = list(zip(network.coefs_, network.intercepts_, strict=True))
    for k, (weights, bias) in enumerate(layers):
        for key, values in (("w", weights), ("b", bias)):
            tensors.append(onnx.numpy_helper.from_array(values.astype(np.float32), f"{key}{k}"))
        nodes.append(onnx.helper.make_node("Gemm", [name, f"w{k}", f"b{k}"], [f"sum{k}"]))
        name = f"sum{k}"
        if k < len(layers) - 1 and network.activation != "identity":
            nodes.append(onnx.helper.make_node(activations[network.activation], [name], [f"x{k}"]))
            name = f"x{k}"
    nodes.append(onnx.helper.make_node("Softmax", [name], ["probabilities"], axis=-1))
    sides = (layers[0][0].shape[0], layers[-1][0].shape[1])
    taken, given = (
        onnx.helper.make_tensor_value_info(key, onnx.TensorProto.FLOAT, ["n", side])
        for key, side in zip(("features", "probabilities"), sides, strict=True)
    )
    graph = onnx.helper.make_graph(nodes, "perceptron", [taken], [given], tensors)
    opset = onnx.helper.make_opsetid("", OPSET)
    model: onnx.ModelProto = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)
    return model


def _chosen(network: Any, choose: Callable[[Any], Any]) -> Any:
    """Return a network that puts out what is chosen of what it has."""
    import torch

    class Chosen(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network  # or its weights would be none of the module's

        def forward(self, image: Any) -> Any:
            return choose(self.network(image))

    return Chosen()


def _export(module: Any, fed: Any, out: Path, names: Sequence[str]) -> Expected:
    """Export a module by tracing it, which the exporter by Dynamo does not do for all of these."""
    import torch

    module = module.float().eval().requires_grad_(False)
    given = torch.from_numpy(fed)
    with torch.no_grad():
        expected = module(given)
        torch.onnx.export(
            module,
            (given,),
            str(out),
            input_names=["input"],
            output_names=list(names),
            opset_version=OPSET,
            dynamo=False,
        )
    parts = expected if isinstance(expected, tuple | list) else [expected]
    return [it.numpy() for it in parts], fed


def _noise(*shape: int) -> Any:
    return np.random.default_rng(1).random(shape, dtype=np.float32)


RECIPES: dict[str, Callable[[argparse.Namespace, Path], Expected]] = {
    "clap": of_clap,
    "deeplab": of_deeplab,
    "keras": of_keras,
    "mask2former": of_mask2former,
    "scikit-learn": of_scikit_learn,
    "torch-module": of_torch_module,
    "ultralytics": of_ultralytics,
}
"""What weights were made with -> what converts them."""


if __name__ == "__main__":
    raise SystemExit(main())
