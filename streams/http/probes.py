"""``/healthz``, ``/readyz`` and ``/metrics``.

The probes are open, since whoever keeps processes alive asks without a token, and tell nothing but a few words. The
metrics ask for the token where there is one: they tell how a shop does, though nothing of shoppers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from aiohttp import web

from streams.http.answers import in_json
from streams.http.token import is_allowed, token_wanted
from streams.settings import Secret

TEXT_FORMAT = "text/plain; version=0.0.4"


class Probed(Protocol):
    """How a process is, asked from the server's thread; answers at once."""

    @property
    def unwell(self) -> str:
        """Why it had better be started anew, in a few words; empty while it is alive."""

    @property
    def unready(self) -> str:
        """Why it doesn't do its work at the moment, in a few words; empty while it does."""


def probes(probed: Probed, exposed: Callable[[], bytes], *, token: Secret) -> list[web.RouteDef]:
    """The three routes.

    Parameters
    ----------
    exposed
        Gives the metrics in Prometheus' text format, on the server's thread.
    token
        That the metrics ask for; empty for none.
    """

    async def health(_: web.Request) -> web.StreamResponse:
        return _state(probed.unwell, "alive")

    async def readiness(_: web.Request) -> web.StreamResponse:
        return _state(probed.unwell or probed.unready, "ready")

    async def metrics(request: web.Request) -> web.StreamResponse:
        if not is_allowed(request, token):
            return token_wanted()
        return web.Response(body=exposed(), headers={"Content-Type": TEXT_FORMAT})

    return [web.get("/healthz", health), web.get("/readyz", readiness), web.get("/metrics", metrics)]


def _state(trouble: str, otherwise: str) -> web.Response:
    return in_json(503 if trouble else 200, {"status": trouble or otherwise})
