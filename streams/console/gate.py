"""Who may ask, and from where.

With a token, whoever carries it as a bearer, or the cookie of having signed in with it. Without one the console listens
on loopback, and asks that a request names it so: a page from elsewhere whose name was turned to point here doesn't. And
what changes something comes from the console's own page, or from a program that isn't a browser.
"""

from __future__ import annotations

import ipaddress
import time
from urllib.parse import urlsplit

from aiohttp import web

from streams.console.session import COOKIE, is_valid
from streams.http.answers import Handler, refusal, see_other
from streams.http.token import given_token, is_allowed, token_wanted
from streams.settings import Secret

OPEN = ("/login", "/static/", "/healthz", "/readyz")
"""Where paths begin that tell nothing."""

_READS = ("GET", "HEAD")


class Gate:
    """Made for a ``token``, empty for none."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self._token and not _names_loopback(request):
            return refusal(421, "Ask for the console at 127.0.0.1 or localhost")
        if request.method not in _READS and not _is_own(request):
            return refusal(403, "Not from the console's own page")
        if request.path.startswith(OPEN) or self.knows(request):
            return await handler(request)
        if request.path == "/" and not given_token(request):
            return see_other("/login")
        return token_wanted()

    def knows(self, request: web.Request) -> bool:
        """Whether it carries the token, or the cookie; any request where there is no token."""
        if is_allowed(request, self._token):
            return True
        return is_valid(request.cookies.get(COOKIE, ""), self._token, time.time())


def _names_loopback(request: web.Request) -> bool:
    try:
        host = urlsplit(f"//{request.host}").hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_own(request: web.Request) -> bool:
    """A browser says where a request that changes something comes from."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None and site != "same-origin":
        return False
    try:
        return origin is None or urlsplit(origin).netloc == request.host
    except ValueError:
        return False
