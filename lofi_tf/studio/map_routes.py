"""Addresses of maps."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import FileResponse
from pydantic import Field

from lofi_tf.studio.shapes import Map, Notes, Shape
from lofi_tf.studio.sound_routes import done
from lofi_tf.studio.studio import Studio

ModelName = Annotated[str, Path(max_length=80, description="of /api/models")]
Weight = Annotated[float, Field(ge=0, le=1000)]
Point = Annotated[int, Field(ge=0, le=10**6)]


class Mix(Shape):
    """Points and how much of each."""

    points: Annotated[list[Point], Field(min_length=1, max_length=8)]
    weights: Annotated[list[Weight], Field(min_length=1, max_length=8)]


def router_of(studio: Studio) -> APIRouter:
    """Returns the addresses of a studio's maps."""
    router = APIRouter()

    @router.get("/api/map", response_model=Map, summary="The points of a model's map")
    async def points(
        model: Annotated[str, Query(max_length=80, description="of /api/models")] = "groove_4bar",
    ) -> FileResponse:
        path = await done(*studio.maps.map(model))
        return FileResponse(path, media_type="application/json")

    @router.get("/api/map/{model}/{point}/notes", response_model=Notes, summary="A point's music")
    def notes(model: ModelName, point: Annotated[int, Path(ge=0, le=10**6)]) -> Response:
        return _json(studio.maps.notes(model, [point], [1.0]))

    @router.post("/api/map/{model}/mix", response_model=Notes, summary="The music between points")
    def mix(model: ModelName, mix: Mix) -> Response:
        return _json(studio.maps.notes(model, mix.points, mix.weights))

    return router


def _json(notes: Notes) -> Response:
    return Response(notes.model_dump_json(), media_type="application/json")
