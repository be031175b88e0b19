"""Signing in with the token, and out again. The page is a form, which needs no script."""

from __future__ import annotations

import hmac
import time
from pathlib import Path

from aiohttp import web

from streams.console.session import COOKIE, LASTS_S, issued
from streams.http.answers import see_other
from streams.settings import Secret

WRONG = "/login#wrong"
"""The same page, with what is hidden there unless it is named."""


def login(token: Secret, page: Path) -> list[web.RouteDef]:
    """The routes ``/login`` and ``/logout``; ``page`` is the form."""

    async def show(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(page) if token else see_other("/")

    async def sign_in(request: web.Request) -> web.StreamResponse:
        given = (await request.post()).get("token", "")
        is_right = isinstance(given, str) and hmac.compare_digest(_bytes(given.strip()), _bytes(token))
        if not token or not is_right:
            return see_other(WRONG)
        answer = see_other("/")
        is_tls = request.secure or request.headers.get("X-Forwarded-Proto") == "https"
        answer.set_cookie(
            COOKIE, issued(token, time.time()), max_age=LASTS_S, httponly=True, samesite="Strict", secure=is_tls
        )
        return answer

    async def sign_out(_: web.Request) -> web.StreamResponse:
        answer = see_other("/login")
        answer.del_cookie(COOKIE, httponly=True, samesite="Strict")
        return answer

    return [web.get("/login", show), web.post("/login", sign_in), web.post("/logout", sign_out)]


def _bytes(given: str) -> bytes:
    return given.encode("utf-8", "surrogateescape")
