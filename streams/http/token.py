"""The bearer token that a request carries."""

from __future__ import annotations

import hmac

from aiohttp import web

from streams.http.answers import refusal
from streams.settings import Secret


def given_token(request: web.Request) -> bytes:
    """Empty where there is none; as it came, since aiohttp escapes what isn't UTF-8."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return given.strip().encode("utf-8", "surrogateescape") if scheme.lower() == "bearer" else b""


def is_allowed(request: web.Request, token: Secret) -> bool:
    """Whether it carries ``token``, compared in constant time; any request where that is empty."""
    return not token or hmac.compare_digest(given_token(request), token.encode("utf-8", "surrogateescape"))


def token_wanted() -> web.Response:
    """Status 401."""
    return refusal(401, "Expected the bearer token", {"WWW-Authenticate": "Bearer"})
