"""Answers in JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def in_json(status: int, body: Any, headers: dict[str, str] | None = None) -> web.Response:
    """``body`` is what orjson can write, or the bytes of JSON."""
    written = body if isinstance(body, bytes) else orjson.dumps(body)
    return web.Response(status=status, body=written, content_type="application/json", headers=headers)


def refusal(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    """``{"error": message}``"""
    return in_json(status, {"error": message}, headers)


def see_other(path: str) -> web.Response:
    """Status 303: what is wanted is at ``path``."""
    return web.Response(status=303, text=path, headers={"Location": path})


@web.middleware
async def errors_in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors of aiohttp's own, such as 404, as JSON."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        kept = {name: value for name, value in error.headers.items() if name == "Allow"}
        return refusal(error.status, error.reason, kept)
