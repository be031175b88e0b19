"""HTTP in a text worker: ``POST /v1/text:score``, and the probes and metrics that every process has.

Requests and the stream share the engine: of requests one at a time is in it, between windows of the stream, a bounded
number waits, and all others are told to come back.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from aiohttp import web

from models.text.engine import TextEngine
from streams.errors import Invalid
from streams.http.answers import errors_in_json, in_json, refusal
from streams.http.probes import Probed, probes
from streams.http.token import is_allowed, token_wanted
from streams.settings import Secret
from streams.text.asked import MOST_BYTES, Asked, TooMany, answer, asked
from streams.text.metrics import Metrics

MOST_WAITING = 16
"""Requests to score, the one in the engine included."""
RETRY_AFTER_S = 1
BODY_DEADLINE_S = 10.0
ENGINE_DEADLINE_S = 60.0
"""How long a request waits for the engine."""


class State(Probed, Protocol):
    """How the stream is, asked from the server's thread."""

    def engine_broke(self, error: BaseException) -> None: ...


class Server:
    """``app`` is to be served by :func:`streams.http.serving.serving`.

    Parameters
    ----------
    token
        That scoring and the metrics ask for; empty for none.
    """

    def __init__(self, engine: TextEngine, state: State, metrics: Metrics, *, token: Secret) -> None:
        self._engine = engine
        self._state = state
        self._metrics = metrics
        self._token = token
        self._waiting = 0
        self._in_engine = asyncio.Lock()
        self.app = web.Application(middlewares=[errors_in_json], client_max_size=MOST_BYTES)
        self.app.add_routes([web.post("/v1/text:score", self._score), *probes(state, metrics.exposed, token=token)])

    async def _score(self, request: web.Request) -> web.StreamResponse:
        response = await self._scored(request)
        self._metrics.requests.labels(str(response.status)).inc()
        return response

    async def _scored(self, request: web.Request) -> web.Response:
        if not is_allowed(request, self._token):
            return token_wanted()
        if request.content_type != "application/json":
            return refusal(415, "Expected Content-Type: application/json")
        if self._waiting >= MOST_WAITING:
            return refusal(503, "Busy: too many requests wait", {"Retry-After": str(RETRY_AFTER_S)})
        self._wait(1)
        try:
            wanted = asked(await asyncio.wait_for(request.read(), BODY_DEADLINE_S))
            async with asyncio.timeout(ENGINE_DEADLINE_S), self._in_engine:
                return await self._answered(wanted)
        except web.HTTPRequestEntityTooLarge:
            return refusal(413, f"Expected at most {MOST_BYTES} bytes")
        except TooMany as error:
            return refusal(413, str(error))
        except Invalid as error:
            return refusal(400, str(error))
        except TimeoutError:
            return refusal(503, "Busy: not read or not scored in time", {"Retry-After": str(RETRY_AFTER_S)})
        finally:
            self._wait(-1)

    def _wait(self, change: int) -> None:
        self._waiting += change
        self._metrics.queue.labels("http").set(self._waiting)

    async def _answered(self, wanted: Asked) -> web.Response:
        try:
            scores = await asyncio.wrap_future(self._engine.submit(wanted.texts))
        except Exception as error:
            self._state.engine_broke(error)
            return refusal(503, "The text engine failed")
        self._metrics.scored(scores, "http")
        return in_json(200, answer(scores, embedding=wanted.embedding))
