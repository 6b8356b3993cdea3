"""Addresses of clips."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from lofi_tf.studio.problems import Refused, sentence
from lofi_tf.studio.shapes import Clip, ClipChange, Clips, Notes, Session, Shape
from lofi_tf.studio.studio import Studio
from lofi_tf.studio.uploads import keep_upload

ClipName = Annotated[str, Path(alias="id", max_length=40, description="such as c12")]
FileName = Annotated[
    str, Query(min_length=1, max_length=400, description="of the file, or the clip's own")
]
MadeFrom = Annotated[str, Query(max_length=400, description="of notes: ids of clips, with commas")]
BINARY = {"schema": {"type": "string", "format": "binary"}}
UPLOADS = {
    "application/octet-stream": BINARY,
    "application/json": {"schema": {"$ref": "#/components/schemas/Notes"}},
}


def router_of(studio: Studio) -> APIRouter:
    """Returns the addresses of a studio's clips."""
    router, session = APIRouter(), studio.session

    @router.post(
        "/api/clips",
        response_model=Clips,
        status_code=201,
        summary="A file from outside, or notes",
        openapi_extra={"requestBody": {"required": True, "content": UPLOADS}},
    )
    async def upload(request: Request, name: FileName, made_from: MadeFrom = "") -> Response:
        body, kind = await request.body(), request.headers.get("content-type", "")
        if kind.partition(";")[0].strip().lower() == "application/json":
            notes = await run_in_threadpool(notes_in, body)
            origins = [session.clip(one).id for one in made_from.split(",") if one]
            clips = await run_in_threadpool(studio.keep_notes, name, notes, origins)
        else:
            clips = await run_in_threadpool(keep_upload, session, name, body)
        return _json(Clips(clips=clips), 201)

    @router.patch("/api/clips/{id}", response_model=Clip, summary="Name or star")
    def change(id: ClipName, change: ClipChange) -> Response:
        values = change.model_dump(exclude_none=True)
        return _json(session.edit(id, lambda clip: clip.model_copy(update=values)))

    @router.delete("/api/clips/{id}", response_model=Session, summary="Into the trash")
    def delete(id: ClipName) -> Response:
        session.delete(id)
        return Response(session.json(), media_type="application/json")

    @router.get("/api/clips/{id}/notes", response_model=Notes, summary="Notes in beats")
    def notes(id: ClipName) -> Response:
        return _json(studio.notes(id))

    @router.put("/api/clips/{id}/notes", response_model=Clip, summary="Other notes")
    def edit(id: ClipName, notes: Notes) -> Response:
        return _json(studio.edit_notes(id, notes))

    @router.get(
        "/api/clips/{id}/file",
        summary="The MIDI or WAV file",
        response_class=FileResponse,
        responses={200: {"content": {"audio/midi": BINARY, "audio/wav": BINARY}}},
    )
    def file(
        id: ClipName, version: Annotated[int | None, Query(ge=1, le=10**6)] = None
    ) -> FileResponse:
        clip = session.clip(id)
        path = session.folder.file(clip.file, version)
        kind = "audio/midi" if clip.kind == "notes" else "audio/wav"
        return FileResponse(path, media_type=kind, headers=as_file(clip.name, path.suffix))

    return router


def as_file(name: str, ending: str) -> dict[str, str]:
    """Returns the header that makes a browser save an answer under a name."""
    name = "".join("_" if sign in '<>:"/\\|?*' else sign for sign in name).strip(" .") or "clip"
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    told = f'attachment; filename="{plain}{ending}"'
    return {"Content-Disposition": f"{told}; filename*=UTF-8''{quote(name + ending, safe='')}"}


def notes_in(body: bytes) -> Notes:
    """Returns the notes of a body.

    Raises:
        Refused: it holds none.
    """
    try:
        return Notes.model_validate_json(body)
    except ValidationError as error:
        found = [{**one, "loc": ("body", *one["loc"])} for one in error.errors(include_url=False)]
        raise Refused(422, sentence(found)) from error


def _json(shape: Shape, status: int = 200) -> Response:
    return Response(shape.model_dump_json(), status, media_type="application/json")
