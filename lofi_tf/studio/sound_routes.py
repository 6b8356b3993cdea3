"""Addresses of sound: what the page plays with."""

import asyncio
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from fastapi.responses import FileResponse, Response

from lofi_tf.errors import LofiError
from lofi_tf.rendering.settings import DEFAULT_PRESET
from lofi_tf.rendering.sound_bank import bank_of
from lofi_tf.rendering.soundfont import SoundFont, default_soundfont
from lofi_tf.studio.clip_routes import BINARY, ClipName, as_file
from lofi_tf.studio.jobs import Job
from lofi_tf.studio.mix import checked_preset, mix_of
from lofi_tf.studio.problems import Refused
from lofi_tf.studio.shapes import Clip
from lofi_tf.studio.studio import Studio

Preset = Annotated[str, Query(max_length=40, description="of the session's presets")]
KINDS = {"wav": "audio/wav", "flac": "audio/flac", "ogg": "audio/ogg"}
Format = Literal["wav", "flac", "ogg"]
DAY_SECONDS = 24 * 3600
Program = Annotated[int, InPath(ge=0, le=127, description="General MIDI's, from 0")]


def router_of(studio: Studio) -> APIRouter:
    """Returns the addresses of a studio's sound."""
    router, session = APIRouter(), studio.session

    def _preset_of(clip: Clip) -> str:
        of_track = clip.options.get("preset") if clip.has_plan else None
        return of_track or session.settings["preset"]

    @router.get("/api/mix", summary="By which the page sounds as a render does")
    def mix(preset: Preset = DEFAULT_PRESET) -> dict[str, Any]:
        return mix_of(checked_preset(preset))

    @router.get(
        "/api/clips/{id}/render",
        summary="A clip as lofi_render makes it sound, a loop as one",
        response_class=FileResponse,
        responses={200: {"content": {kind: BINARY for kind in KINDS.values()}}},
    )
    async def render(
        id: ClipName, preset: Preset | None = None, format: Format = "wav"
    ) -> FileResponse:
        clip = session.clip(id)
        chosen = checked_preset(preset or _preset_of(clip))
        path = await done(*studio.renders.sound(clip, chosen, f".{format}"))
        headers = as_file(clip.name, f".{format}")
        return FileResponse(path, media_type=KINDS[format], headers=headers)

    @router.get(
        "/api/clips/{id}/stems",
        summary="Its parts as WAV files in a ZIP archive",
        response_class=FileResponse,
        responses={200: {"content": {"application/zip": BINARY}}},
    )
    async def stems(id: ClipName, preset: Preset | None = None) -> FileResponse:
        clip = session.clip(id)
        chosen = checked_preset(preset or _preset_of(clip))
        path = await done(*studio.renders.stems(clip, chosen))
        headers = as_file(f"{clip.name} stems", ".zip")
        return FileResponse(path, media_type="application/zip", headers=headers)

    @router.get(
        "/api/soundfont/{kind}/{program}",
        summary="An instrument, or a kit of drums, as a SoundFont",
        response_class=Response,
        responses={200: {"content": {"audio/x-soundfont": BINARY}}},
    )
    def soundfont(kind: Literal["drums", "notes"], program: Program) -> Response:
        bank = bank_of(SoundFont(default_soundfont()), [(program, kind == "drums")])
        headers = {"Cache-Control": f"max-age={DAY_SECONDS}"}
        return Response(bank, media_type="audio/x-soundfont", headers=headers)

    return router


async def done(path: Path, job: Job | None) -> Path:
    """Returns a file once its job is done.

    Raises:
        LofiError: it could not be made.
    """
    if job is not None:
        await asyncio.wait([asyncio.wrap_future(job.finished)])
        told = job.shape()
        if told.state == "stopped":
            raise Refused(409, "the render was stopped")
        if told.error is not None:
            raise LofiError(told.error)
    return path
