"""A module whose replies are not wrapped, since it says their schema; it gives zips alone."""

import io
import zipfile

from webargs import fields, validate

schema = {
    "status": fields.Str(),
    "predictions": fields.Dict(),
    "accept": fields.Str(),
    "keys": fields.List(fields.Str()),
}


def get_metadata():
    return {"id": "plugc", "name": "plugc", "description": "c"}


def get_predict_args():
    return {
        "image": fields.Field(missing=None, type="file", location="form", description="image"),
        "zip": fields.Field(
            missing=None, type="file", location="form", data_key="zip_data", description="zip"
        ),
        "accept": fields.Str(
            location="headers",
            missing="application/zip",
            validate=validate.OneOf(["application/zip"]),
            description="zip",
        ),
    }


def predict(accept, **given):
    if accept == "application/zip":
        packed = io.BytesIO()
        zipfile.ZipFile(packed, "w").close()
        return packed.getvalue()
    keys = sorted(["accept", *(name for name, value in given.items() if value is not None)])
    return {"status": "ok", "predictions": {"a": 1}, "accept": accept, "keys": keys}
