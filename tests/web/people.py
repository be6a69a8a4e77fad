"""A service with people: an application in front of an empty database, and their tokens."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from shapely import Polygon, to_geojson
from shapely.geometry import mapping
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from tests.web.applications import application
from web.context import service_of
from web.jobs import queue
from web.people.tokens import create_token
from web.settings import Settings
from web.store.base import Store

SQUARE = Polygon([(35.8, 35.2), (35.9, 35.2), (35.9, 35.3), (35.8, 35.3)])
GEOJSON = to_geojson(SQUARE).encode()
FEATURES = (
    b'{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": '
    + GEOJSON
    + b"}]}"
)
SEEN = {
    "geometry": mapping(SQUARE),
    "time": "2021-08-24T03:42:00Z",
    "properties": {"name": "a", "verdict": "unchecked"},
}
"""What the check of a file tells of a slick in it."""


@dataclass
class People:
    """The service, and requests of people by their names."""

    app: Flask
    settings: Settings

    @property
    def store(self) -> Store:
        return service_of(self.app).store

    def token(self, name: str, **options: Any) -> str:
        with self.store.session() as session:
            return create_token(session, name, **options)[1]

    def client(self, name: str | None = None, **options: Any) -> FlaskClient:
        """Return a client; with a name it shows a token of theirs."""
        made = self.app.test_client(use_cookies=name is None)
        if name is not None:
            made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {self.token(name, **options)}"
        return made


@contextmanager
def people(folder: Path, **options: Any) -> Iterator[People]:
    """Make a service whose data lie in a folder."""
    settings = Settings(data=folder / "data", **options)
    with application(settings) as app:
        yield People(app, settings)


def bring(
    client: FlaskClient, name: str, content: bytes, purpose: str = "mask", **options: Any
) -> TestResponse:
    """Upload a file."""
    boundary, body = encode_multipart({"file": FileStorage(io.BytesIO(content), name)})
    return client.post(
        f"/uploads?purpose={purpose}",
        data=body,
        content_type=f"multipart/form-data; boundary={boundary}",
        **options,
    )


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip of files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def case(**forcing: Any) -> dict[str, Any]:
    """Return a case that is small, with the given forcing in place of its own."""
    return {
        "name": "spill",
        "time": {"start": "2021-08-24T00:00:00Z", "end": "2021-08-24T12:00:00Z"},
        "forcing": {"currents": "none", "winds": "catalogue:winds", **forcing},
        "release": [{"kind": "point", "lon": 35.9, "lat": 35.1, "mass_tonnes": 10}],
        "model": {"particles": 100},
    }


def assert_problem(answer: TestResponse, status: int, says: str = "") -> None:
    """An answer is a problem, in one line that tells nothing of the server."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.mimetype == "application/problem+json"
    detail = answer.json["detail"]
    assert says in detail
    assert "\n" not in detail
    assert "Traceback" not in detail
    assert "/tmp" not in detail


def ended_with(
    made: People, client: FlaskClient, folder: Path, asked: dict[str, Any] | None = None
) -> str:
    """Have a job end as if a runner had simulated the case, with the files of a folder."""
    asked = asked or case(winds="https://data.example.org/winds.nc")
    job = client.post(
        "/ogc/processes/simulate/execution?anew=true", json={"inputs": {"case": asked}}
    )
    assert job.status_code == 201, job.get_data(as_text=True)
    with made.store.session() as session:
        held = queue.Held.of(queue.claim(session, "runner", timedelta(minutes=1)))
        queue.finish(session, held, {})
    job_id: str = job.json["jobID"]
    shutil.copytree(folder, made.settings.jobs / job_id)
    return job_id
