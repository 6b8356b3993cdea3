"""Addresses of sound: what the page plays with."""

import functools
import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse

from lofi_tf.errors import unknown_name
from lofi_tf.rendering.settings import DEFAULT_PRESET, preset_names
from lofi_tf.rendering.soundfont import default_soundfont
from lofi_tf.studio.clip_routes import BINARY
from lofi_tf.studio.mix import mix_of
from lofi_tf.studio.studio import Studio

Preset = Annotated[str, Query(max_length=40, description="of the session's presets")]
YEAR_SECONDS = 365 * 24 * 3600


def router_of(studio: Studio) -> APIRouter:
    """Returns the addresses of a studio's sound."""
    router = APIRouter()

    @router.get("/api/mix", summary="By which the page sounds as a render does")
    def mix(preset: Preset = DEFAULT_PRESET) -> dict[str, Any]:
        return mix_of(checked_preset(preset))

    @router.get(
        "/api/soundfont",
        summary="The instruments",
        response_class=FileResponse,
        responses={200: {"content": {"audio/x-soundfont": BINARY}}},
    )
    def soundfont() -> FileResponse:
        headers = {"ETag": f'"{_hash()}"', "Cache-Control": f"max-age={YEAR_SECONDS}"}
        return FileResponse(default_soundfont(), media_type="audio/x-soundfont", headers=headers)

    return router


def checked_preset(name: str) -> str:
    """Returns the name of a preset that comes along; a path is none.

    Raises:
        LofiError: another name.
    """
    if name not in preset_names():
        raise unknown_name("preset", name, preset_names())
    return name


@functools.cache
def _hash() -> str:
    return hashlib.sha256(default_soundfont().read_bytes()).hexdigest()[:32]
