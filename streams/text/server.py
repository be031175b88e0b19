"""HTTP in a text worker: ``POST /v1/text:score``, ``/healthz``, ``/readyz`` and ``/metrics``.

It runs on a thread and an event loop of its own, so that requests don't hold the stream up. Both share the engine: of
requests one at a time is in it, between windows of the stream, a bounded number waits, and all others are told to come
back. Scoring asks for the token where there is one; the other paths tell nothing of shoppers, and don't.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Protocol

import orjson
from aiohttp import web

from models.text.engine import TextEngine
from streams.errors import Fatal, Invalid
from streams.settings import Secret
from streams.text.address import Address
from streams.text.asked import MOST_BYTES, Asked, TooMany, answer, asked
from streams.text.metrics import Metrics

MOST_WAITING = 16
"""Requests to score, the one in the engine included."""
RETRY_AFTER_S = 1
BODY_DEADLINE_S = 10.0
ENGINE_DEADLINE_S = 60.0
"""How long a request waits for the engine."""
START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 1.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = logging.getLogger(__name__)


class State(Protocol):
    """How the stream is, asked from the server's thread."""

    @property
    def is_well(self) -> bool: ...
    @property
    def is_assigned(self) -> bool: ...
    def engine_broke(self, error: BaseException) -> None: ...


class Server:
    """Serves until closed; :func:`serving` runs one.

    Parameters
    ----------
    token
        That ``/v1`` asks for; empty for none.
    """

    def __init__(self, engine: TextEngine, state: State, metrics: Metrics, *, token: Secret) -> None:
        self._engine = engine
        self._state = state
        self._metrics = metrics
        self._token = token
        self._waiting = 0
        self._in_engine = asyncio.Lock()
        self.app = web.Application(middlewares=[_in_json], client_max_size=MOST_BYTES)
        self.app.add_routes(
            [
                web.post("/v1/text:score", self._score),
                web.get("/healthz", self._health),
                web.get("/readyz", self._ready),
                web.get("/metrics", self._tell_metrics),
            ]
        )

    async def _score(self, request: web.Request) -> web.StreamResponse:
        response = await self._scored(request)
        self._metrics.requests.labels(str(response.status)).inc()
        return response

    async def _scored(self, request: web.Request) -> web.Response:
        if not self._is_allowed(request):
            return _error(401, "Expected the bearer token", {"WWW-Authenticate": "Bearer"})
        if request.content_type != "application/json":
            return _error(415, "Expected Content-Type: application/json")
        if self._waiting >= MOST_WAITING:
            return _error(503, "Busy: too many requests wait", {"Retry-After": str(RETRY_AFTER_S)})
        self._wait(1)
        try:
            wanted = asked(await asyncio.wait_for(request.read(), BODY_DEADLINE_S))
            async with asyncio.timeout(ENGINE_DEADLINE_S), self._in_engine:
                return await self._answered(wanted)
        except web.HTTPRequestEntityTooLarge:
            return _error(413, f"Expected at most {MOST_BYTES} bytes")
        except TooMany as error:
            return _error(413, str(error))
        except Invalid as error:
            return _error(400, str(error))
        except TimeoutError:
            return _error(503, "Busy: not read or not scored in time", {"Retry-After": str(RETRY_AFTER_S)})
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
            return _error(503, "The text engine failed")
        self._metrics.scored(scores, "http")
        return _json(200, answer(scores, embedding=wanted.embedding))

    def _is_allowed(self, request: web.Request) -> bool:
        if not self._token:
            return True
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(_bytes(given.strip()), _bytes(self._token))

    async def _health(self, _: web.Request) -> web.StreamResponse:
        return _state(self._state.is_well, "alive", "no progress")

    async def _ready(self, _: web.Request) -> web.StreamResponse:
        return _state(self._state.is_well and self._state.is_assigned, "ready", "not assigned")

    async def _tell_metrics(self, _: web.Request) -> web.StreamResponse:
        return web.Response(body=self._metrics.exposed(), headers={"Content-Type": "text/plain; version=0.0.4"})


@contextmanager
def serving(server: Server, address: Address | None) -> Iterator[Address | None]:
    """Serves on a thread until the end; gives where it listens, and logs it. None serves nothing.

    Raises ``Fatal`` where the address can't be listened on.
    """
    if address is None:
        yield None
        return
    loop = asyncio.new_event_loop()
    listens: Future[Address] = Future()
    runner = web.AppRunner(server.app, access_log=None, handle_signals=False, shutdown_timeout=STOP_TIMEOUT_S)
    thread = threading.Thread(target=_run, args=(loop, runner, address, listens), name="http", daemon=True)
    thread.start()
    try:
        at = listens.result(START_TIMEOUT_S)
    except OSError as error:
        raise Fatal(
            f"FOOTFALL_TEXT_HTTP: nothing can listen on {address.host}:{address.port}: {error.strerror}"
        ) from None
    log.info("HTTP on %s, port %d", at.host, at.port)
    try:
        yield at
    finally:
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(loop.stop)
        thread.join(2 * STOP_TIMEOUT_S)


def _run(loop: asyncio.AbstractEventLoop, runner: web.AppRunner, address: Address, listens: Future[Address]) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(_listen(runner, address))
    except BaseException as error:
        loop.run_until_complete(runner.cleanup())
        loop.close()
        listens.set_exception(error)
        return
    listens.set_result(Address(*runner.addresses[0][:2]))
    try:
        loop.run_forever()
    finally:
        loop.run_until_complete(runner.cleanup())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _listen(runner: web.AppRunner, address: Address) -> None:
    await runner.setup()
    await web.TCPSite(runner, address.host, address.port).start()


@web.middleware
async def _in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors of aiohttp's own, such as 404, as JSON."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        kept = {name: value for name, value in error.headers.items() if name == "Allow"}
        return _error(error.status, error.reason, kept)


def _bytes(header: str) -> bytes:
    """As they came: aiohttp escapes what isn't UTF-8."""
    return header.encode("utf-8", "surrogateescape")


def _state(is_so: bool, so: str, otherwise: str) -> web.Response:
    return _json(200 if is_so else 503, orjson.dumps({"status": so if is_so else otherwise}))


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    return _json(status, orjson.dumps({"error": message}), headers)


def _json(status: int, body: bytes, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)
