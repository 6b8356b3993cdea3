"""Errors as one line of JSON: what is wrong, what is allowed, what came. Never a 5xx."""

import re
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from lofi_tf.errors import LofiError

MOST_SIGNS = 500  # of a message


class Refused(LofiError):
    """A request that is refused with a status of its own.

    Attributes:
        status: of HTTP, 4xx.
        headers: of the answer.
    """

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None):
        super().__init__(message)
        self.status, self.headers = status, headers


def line_of(message: object) -> str:
    """Returns a message as one line that is not too long; flags of commands are options here."""
    line = " ".join(str(message).split()).encode("utf-8", "replace").decode()
    line = re.sub(r"--(?=[a-z])", "", line)
    return line if len(line) <= MOST_SIGNS else f"{line[:MOST_SIGNS]}..."


def answer(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Returns an error as it is answered."""
    return JSONResponse({"error": line_of(message)}, status, headers)


def add_handlers(app: FastAPI) -> None:
    """Makes an app tell errors so."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(LofiError, _bad_input)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _unforeseen)


async def _refused(request: Request, error: Any) -> JSONResponse:
    return answer(error.status, str(error), error.headers)


async def _bad_input(request: Request, error: Exception) -> JSONResponse:
    return answer(400, str(error))


async def _invalid(request: Request, error: Any) -> JSONResponse:
    return answer(422, sentence(error.errors()))


async def _of_http(request: Request, error: Any) -> JSONResponse:
    path = request.url.path
    if error.status_code == 404:
        return answer(404, f"there is nothing at this address. Received: {path}")
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "another method")
        message = f"{path} takes {allowed}. Received: {request.method}"
        return answer(405, message, error.headers)
    if error.status_code == 400:
        return answer(400, "the body is no JSON in UTF-8 that can be read")
    return answer(min(error.status_code, 499), str(error.detail), error.headers)


async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    return answer(400, f"this could not be done: {type(error).__name__}: {error}")


def sentence(errors: Sequence[dict[str, Any]]) -> str:
    """Returns the first of pydantic's errors in our words: where, what is allowed, what came."""
    error = errors[0]
    if error["type"] == "json_invalid":
        return "the body is no JSON in UTF-8 that can be read"
    place = [str(step) for step in error["loc"][1:] if not str(step).startswith("function-")]
    where = ".".join(place) or "the body"
    if error["type"] == "extra_forbidden":
        return f"{where} is no such name here: leave it out"
    if error["type"] == "missing":
        return f"{where} is missing"
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    message = message if message.startswith("should ") else f"should be {message}"
    return f"{where} {message}. Received: {_shown(error.get('input'))}"


def _shown(value: Any) -> str:
    """Returns the beginning of what came."""
    if isinstance(value, dict | list):
        return f"{'a list' if isinstance(value, list) else 'an object'} of {len(value)}"
    try:
        return f"{value!r:.60}"
    except ValueError:  # a number of more digits than Python writes
        return "a number of very many digits"
