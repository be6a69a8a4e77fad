"""A module as the recordings of DEEPaaS were made with: parameters in the query, a training."""

import hashlib
import io
import os
import time
import zipfile

from webargs import fields, validate


def get_metadata():
    return {
        "id": "plugdemo",
        "name": "plugdemo",
        "description": "mean byte",
        "version": "0.1.0",
        "license": "Apache-2.0",
        "author": ["A. Nobody"],
        "author-email": {"A. Nobody": "a@example.org"},
    }


def get_predict_args():
    return {
        "image": fields.Field(required=True, type="file", location="form", description="an image"),
        "scale": fields.Float(missing=1.0, description="factor"),
        "k": fields.Int(missing=2, validate=validate.Range(1, 5), description="top k"),
        "task": fields.Str(missing="mean", enum=["mean", "sum"], description="what"),
        "imgsz": fields.List(fields.Int(), missing=[704, 512], description="size"),
        "flag": fields.Bool(missing=True, description="a flag"),
        "accept": fields.Str(
            missing="application/json",
            validate=validate.OneOf(["application/json", "application/zip", "image/png"]),
            description="reply type",
        ),
    }


def predict(image, scale, accept, **others):
    with open(image.filename, "rb") as file:
        content = file.read()
    if content == b"boom":
        raise ValueError("the picture went up in smoke")
    answer = {
        "mean": scale * sum(content) / len(content),
        "bytes": len(content),
        **others,
        "accept": accept,
        "name": image.name,
        "original_filename": image.original_filename,
        "content_type": image.content_type,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    if accept == "application/zip":
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("answer.txt", str(answer["mean"]))
        return packed.getvalue()
    return answer | {"secrets": [name for name in os.environ if "SECRET" in name]}


def get_train_args():
    return {
        "epochs": fields.Int(missing=2, description="epochs"),
        "fail": fields.Bool(missing=False, description="fail"),
    }


def train(epochs, fail):
    if fail:
        raise RuntimeError("diverged")
    for epoch in range(epochs):
        print(f"epoch {epoch + 1} of {epochs}", flush=True)
        time.sleep(0.2)
    return {"status": "done", "loss": 0.5}
