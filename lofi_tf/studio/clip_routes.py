"""Addresses of clips."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import FileResponse

from lofi_tf.studio.shapes import Clip, ClipChange, Notes, Session
from lofi_tf.studio.studio import Studio

ClipName = Annotated[str, Path(alias="id", max_length=40, description="such as c12")]
BINARY = {"schema": {"type": "string", "format": "binary"}}


def router_of(studio: Studio) -> APIRouter:
    """Returns the addresses of a studio's clips."""
    router, session = APIRouter(), studio.session

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


def _json(shape: Clip | Notes) -> Response:
    return Response(shape.model_dump_json(), media_type="application/json")
