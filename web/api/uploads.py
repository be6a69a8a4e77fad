"""Files that people bring for their cases."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Response, current_app, request, send_file
from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.formparser import FormDataParser

from catalog.files.scratch import scratch_folder
from web.api.documents import Link, href, problems
from web.api.queries import PageQuery, page_links
from web.context import service
from web.data import uploads as files
from web.data.purposes import DETECTIONS, Purpose
from web.errors import ContentError, QuotaError
from web.faults import Fault
from web.features import records
from web.people.access import Person, needs, who
from web.people.quotas import quotas_of, refuse_storage, stored_bytes
from web.store.uploads import Upload

TAG = Tag(name="Uploads", description="Masks, forcing, tracks and runs that people bring")

blueprint = APIBlueprint(
    "uploads", __name__, url_prefix="/uploads", abp_tags=[TAG], abp_responses=problems()
)

_FORM = "multipart/form-data"
_FORM_SCHEMA = {
    "type": "object",
    "properties": {"file": {"type": "string", "format": "binary"}},
    "required": ["file"],
}
_ENVELOPE_BYTES = 200_000
"""What a form may have beside its file, and the parser in its hands. [byte]"""
_MOST_PARTS = 10


class UploadQuery(BaseModel):
    """What a file is brought for."""

    model_config = ConfigDict(extra="forbid")

    purpose: Purpose = Field(description="Which reader has to take it.")


class UploadPath(BaseModel):
    """Which upload."""

    id: str = Field(description="The id that the answer to its upload has.")


class UploadInfo(BaseModel):
    """A file that is kept."""

    id: str
    reference: str = Field(description="What a case has in place of the file.")
    name: str
    purpose: str
    size: int = Field(description="[byte]")
    sha256: str
    created: datetime
    facts: dict[str, Any] = Field(description="What its reader found.")
    links: list[Link]


class UploadList(BaseModel):
    """Files that are kept, the newest first."""

    uploads: list[UploadInfo]
    number_matched: int
    links: list[Link]


def _described(upload: Upload) -> UploadInfo:
    address = href(f"/uploads/{upload.id}")
    return UploadInfo(
        id=upload.id,
        reference=files.REFERENCE + upload.id,
        name=upload.name,
        purpose=upload.purpose,
        size=upload.size,
        sha256=upload.sha256,
        created=upload.created,
        facts=upload.facts,
        links=[
            Link(href=address, rel="self"),
            Link(href=f"{address}/content", rel="item", type="application/octet-stream"),
        ],
    )


@blueprint.post(
    "",
    request_body={"content": {_FORM: {"schema": _FORM_SCHEMA}}, "required": True},
    responses={201: UploadInfo, **problems(413, 415, 429)},
)
@needs("run")
def bring(query: UploadQuery) -> Response:
    """Bring a file: it is read as a case would have it read, and kept."""
    if request.mimetype != _FORM:
        raise UnsupportedMediaType(f"found {request.mimetype or 'none'}, expected {_FORM}")
    settings = service().settings
    settings.uploads.mkdir(parents=True, exist_ok=True, mode=0o700)
    with scratch_folder(settings.uploads) as room:
        part = _received(room, _allowed(who()))
        facts = files.check(part.path, query.purpose)
        seen = facts.pop(DETECTIONS, [])
        with service().store.session() as session:
            refuse_storage(session, who(), quotas_of(session, who(), settings), part.size)
            upload = files.keep(
                session,
                settings.uploads,
                part,
                owner=who().name,
                purpose=query.purpose,
                facts=facts,
            )
            records.add_upload(session, upload, seen)
    answer: Any = current_app.json.response(_described(upload).model_dump(mode="json"))
    answer.status_code = 201
    answer.headers["Location"] = href(f"/uploads/{upload.id}")
    return answer  # type: ignore[no-any-return]


def _allowed(person: Person) -> int:
    """Return how large a file somebody may bring now. [byte]

    Raises
    ------
    QuotaError
    """
    with service().store.reading() as session:
        quotas = quotas_of(session, person, service().settings)
        left = quotas.stored_bytes - stored_bytes(session, person.name)
    if left <= 0:
        raise QuotaError("as many bytes as may be stored are; remove some uploads")
    return min(left, quotas.upload_bytes)


def _received(room: Path, most_bytes: int) -> files.Part:
    """Write the file of a form into a folder, as it comes.

    Raises
    ------
    BadRequest
        If it is cut short or no form.
    ContentError
        If there is not just one, it has no content, or there is much beside it.
    web.errors.TooLargeError
    """
    parts: list[files.Part] = []

    def open_part(*, filename: str | None, **_: object) -> Any:
        if parts:
            raise ContentError([Fault("/file", "file: found several, expected one")])
        parts.append(files.Part(room / files.safe_name(filename or ""), most_bytes))
        return parts[0]

    request.max_content_length = most_bytes + _ENVELOPE_BYTES
    parser = FormDataParser(
        stream_factory=open_part,  # type: ignore[arg-type]
        max_form_memory_size=_ENVELOPE_BYTES,
        max_form_parts=_MOST_PARTS,
        silent=False,
    )
    stream = request.stream  # a body that is too long is refused here
    try:
        parser.parse(stream, request.mimetype, request.content_length, request.mimetype_params)
    except RequestEntityTooLarge:
        wanted = f"expected one in a form of at most {_MOST_PARTS} parts"
        beside = f"{_ENVELOPE_BYTES // 1000} kB beside it"
        raise ContentError([Fault("/file", f"file: {wanted}, with at most {beside}")]) from None
    except ValueError as error:
        raise BadRequest(f"body: not {_FORM} ({error})") from None
    finally:
        for part in parts:
            part.close()
    if not parts or not parts[0].size:
        raise ContentError([Fault("/file", "file: missing or empty, expected the content of one")])
    return parts[0]


@blueprint.get("", responses={200: UploadList})
@needs("read")
def list_uploads(query: PageQuery) -> dict[str, Any]:
    """List the files that you have brought, the newest first."""
    with service().store.reading() as session:
        found, total = files.list_uploads(
            session, who().name, limit=query.limit, offset=query.offset
        )
    return UploadList(
        uploads=[_described(upload) for upload in found],
        number_matched=total,
        links=page_links("/uploads", query, total),
    ).model_dump(mode="json")


def _mine(session: Session, upload_id: str) -> Upload:
    return files.get_upload(session, who().name, upload_id)


@blueprint.get("/<id>", responses={200: UploadInfo})
@needs("read")
def show_upload(path: UploadPath) -> dict[str, Any]:
    """Show what is known of a file."""
    with service().store.reading() as session:
        return _described(_mine(session, path.id)).model_dump(mode="json")


@blueprint.get(
    "/<id>/content",
    responses={
        200: {"description": "The file.", "content": {"application/octet-stream": {}}},
        206: {"description": "A part of it."},
        304: {"description": "The client has it."},
        **problems(416),
    },
)
@needs("read")
def send_upload(path: UploadPath) -> Response:
    """Send a file back, or a range of it."""
    with service().store.reading() as session:
        upload = _mine(session, path.id)
    return send_file(
        files.file_of(service().settings.uploads, upload).resolve(),
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=upload.name,
        conditional=True,
        etag=upload.sha256,
    )


@blueprint.delete("/<id>", responses={204: None, **problems(409)})
@needs("run")
def remove_upload(path: UploadPath) -> Response:
    """Remove a file; jobs that have ended keep what they made of it."""
    store, folder = service().store, service().settings.uploads
    with store.session() as session:
        sha256 = files.forget(session, who().name, path.id)
    with store.session() as session:
        files.remove_unused(session, folder, sha256)
    return Response(status=204)
