"""Addresses of the session: what is there, what is changed, what happens."""

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from lofi_tf.composing.plan import parse_key
from lofi_tf.studio.mix import checked_preset
from lofi_tf.studio.shapes import Session, Settings
from lofi_tf.studio.studio import Studio


def router_of(studio: Studio) -> APIRouter:
    """Returns the addresses of a studio's session."""
    router, session = APIRouter(), studio.session

    def now() -> Response:
        return Response(session.json(), media_type="application/json")

    @router.get("/api/session", response_model=Session, summary="All but the notes of clips")
    def read() -> Response:
        return now()

    @router.patch("/api/session", response_model=Session, summary="Other settings")
    def change(settings: Settings) -> Response:
        session.set(**_checked(settings))
        return now()

    @router.post("/api/undo", response_model=Session, summary="Takes the last change back")
    def undo() -> Response:
        session.undo()
        return now()

    @router.post("/api/redo", response_model=Session, summary="Makes it again")
    def redo() -> Response:
        session.redo()
        return now()

    @router.get(
        "/api/events",
        summary="Server-sent events: `session` and `job`",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
    )
    async def events() -> StreamingResponse:
        listener = studio.events.listen()
        headers = {"Cache-Control": "no-store"}
        stream = studio.events.stream(listener)
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    return router


def _checked(settings: Settings) -> dict:
    """Returns the settings that are to change.

    Raises:
        LofiError: a key or preset that there is not.
    """
    values = {name: getattr(settings, name) for name in settings.model_fields_set}
    values = {name: value for name, value in values.items() if value is not None}
    if "key" in values:
        values["key"] = values["key"] or None
        if values["key"]:
            parse_key(values["key"])
    if "preset" in values:
        checked_preset(values["preset"])
    return values
