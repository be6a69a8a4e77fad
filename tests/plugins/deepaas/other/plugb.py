"""A detector with the fields and replies of the YOLO family, and without a training."""

from webargs import fields, validate


def get_metadata():
    return {"id": "plugb", "name": "plugb", "description": "b"}


def get_predict_args():
    return {
        "files": fields.Field(required=True, type="file", location="form", description="image"),
        "conf": fields.Float(missing=0.25, description="conf"),
        "classes": fields.List(fields.Int(), missing=None, description="c"),
        "accept": fields.Str(
            location="headers",
            missing="application/json",
            validate=validate.OneOf(["application/json", "image/png"]),
            description="Return format",
        ),
    }


def predict(files, conf, classes, accept):
    if accept == "image/png":
        return b"\x89PNG\r\n\x1a\n"
    box = {"x1": 0, "y1": 0, "x2": 1, "y2": 1}
    return [[{"name": "fish", "class": 0, "confidence": 0.5, "box": box}]]
