"""Addresses of tools, of their models and of their jobs."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field, create_model

from lofi_tf.studio import shapes
from lofi_tf.studio.studio import Studio
from lofi_tf.studio.tool import Tool

MOST_WAIT = 60.0  # seconds
MOST_INPUTS = 8
JobName = Annotated[str, Path(alias="id", max_length=40, description="such as j12")]


def router_of(studio: Studio) -> APIRouter:
    """Returns the addresses of a studio's tools."""
    router = APIRouter()

    @router.get("/api/tools", summary="What makes clips")
    def tools() -> list[shapes.Tool]:
        return [tool.shape(studio.models) for tool in studio.tools()]

    @router.get("/api/models", summary="Who plays")
    def models() -> list[shapes.Model]:
        return studio.model_shapes()

    @router.get("/api/jobs", summary="Runs of tools, the oldest first")
    async def jobs() -> list[shapes.Job]:
        return [job.shape() for job in studio.jobs.all()]

    @router.get("/api/jobs/{id}", summary="One run, once it is done or so many seconds later")
    async def job(
        id: JobName, wait: Annotated[float, Query(ge=0, le=MOST_WAIT)] = 0.0
    ) -> shapes.Job:
        found = studio.jobs.job(id)
        if wait:
            await asyncio.wait([asyncio.wrap_future(found.finished)], timeout=wait)
        return found.shape()

    @router.delete("/api/jobs/{id}", summary="Stops it")
    async def stop(id: JobName) -> shapes.Job:
        found = studio.jobs.job(id)
        found.stop()
        return found.shape()

    for tool in studio.tools():
        _add(router, studio, tool)
    return router


def _add(router: APIRouter, studio: Studio, tool: Tool) -> None:
    """Adds the address of a tool."""
    inputs = Annotated[list[shapes.Input], Field(max_length=MOST_INPUTS)]
    asked = create_model(
        f"Run_{tool.name}",
        __base__=shapes.Shape,
        inputs=(inputs, []),
        options=(tool.options, tool.options()),
        seed=(shapes.Seed | None, Field(None, description="null draws one")),
    )

    def run(asked: Any) -> shapes.Started:
        job = studio.start(tool, asked.inputs, asked.options, asked.seed)
        return shapes.Started(job=job.shape())

    run.__annotations__["asked"] = asked
    router.add_api_route(
        f"/api/tools/{tool.name}",
        run,
        methods=["POST"],
        status_code=202,
        response_model=shapes.Started,
        summary=tool.hint,
        operation_id=f"run_{tool.name}",
    )
