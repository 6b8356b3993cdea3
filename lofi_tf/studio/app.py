"""The HTTP API and the page, as an ASGI app."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

import lofi_tf
from lofi_tf.studio import clip_routes, map_routes, session_routes, sound_routes, tool_routes
from lofi_tf.studio.problems import add_handlers
from lofi_tf.studio.safety import Guard
from lofi_tf.studio.shapes import Problem
from lofi_tf.studio.studio import Studio

PAGE = Path(__file__).parent / "page"
PROBLEMS = {
    status: {"model": Problem, "description": what}
    for status, what in (
        (400, "what cannot be read or done"),
        (403, "another site's request"),
        (404, "there is no such thing"),
        (408, "a body that comes too slowly"),
        (409, "not now"),
        (413, "too large"),
        (422, "a value that does not fit"),
        (429, "too much at once"),
    )
}


def build_app(studio: Studio, host: str = "127.0.0.1") -> Guard:
    """Returns the app of a studio.

    Args:
        studio: that answers.
        host: that the server is bound to.
    """
    app = FastAPI(
        title="lofi_studio",
        version=lofi_tf.__version__,
        description="What lofi_tf's models make, as clips of a session. docs/studio_api.md",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses=PROBLEMS,
    )
    add_handlers(app)
    for routes in (session_routes, clip_routes, sound_routes, map_routes, tool_routes):
        app.include_router(routes.router_of(studio))

    @app.get("/", include_in_schema=False)
    async def index() -> FileResponse:
        return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})

    app.mount("/page", _Page(directory=PAGE), name="page")
    return Guard(app, host)


class _Page(StaticFiles):
    """The page's files, which a browser asks after each time."""

    def file_response(self, *args, **options):
        """Returns a file."""
        answer = super().file_response(*args, **options)
        answer.headers["Cache-Control"] = "no-cache"
        return answer
