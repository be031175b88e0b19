"""The console's routes: the page, its panels as JSON, what is pushed, and acknowledging."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import msgspec
from aiohttp import web

from streams.console.acks import DEADLINE_S, Acks
from streams.console.asker import Asker
from streams.console.gate import Gate
from streams.console.headers import secure
from streams.console.live import Live
from streams.console.login import login
from streams.console.panels import PANELS
from streams.console.reading import TIME, bounded, reading
from streams.desk.acknowledge import Acknowledging
from streams.errors import FootfallError, Invalid
from streams.http.answers import Handler, errors_in_json, in_json, refusal
from streams.http.probes import probes
from streams.metrics import services
from streams.metrics.exposition import Exposition
from streams.settings import Settings

STATIC = Path(__file__).parent / "static"
MOST_BYTES = 16_384
"""Of what is sent to the console."""


class Console:
    """``app`` is to be served.

    Raises ``SettingError`` where the address of ClickHouse isn't one.
    """

    unwell = ""
    unready = ""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reading = reading(settings)
        self._asker = Asker(self._reading)
        self._live = Live(settings, self._asker)
        # The console's own user may only read.
        may_keep = not settings.console_clickhouse
        self._desk = Acknowledging(replace(bounded(self._reading, TIME), outage_deadline_s=DEADLINE_S), keeps=may_keep)
        gate = Gate(settings.console_token)
        self.app = web.Application(
            middlewares=[errors_in_json, gate.middleware, _failures_in_json], client_max_size=MOST_BYTES
        )
        self.app.add_routes(
            [
                web.get("/", self._page),
                web.get("/api/panel/{name}", self._panel),
                web.post("/api/ack", Acks(self._desk, self._asker).acknowledge),
                web.get("/api/live", self._push),
                web.get("/api/session", self._session),
                *login(settings.console_token, STATIC / "login.html"),
                *probes(self, Exposition(services.collect), token=settings.console_token),
                web.static("/static", STATIC),
            ]
        )
        self.app.on_response_prepare.append(secure)
        self.app.cleanup_ctx.append(self._open)
        self.app.on_shutdown.append(self._shut_down)

    async def _page(self, _: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / "index.html")

    async def _session(self, _: web.Request) -> web.StreamResponse:
        return in_json(200, {"signed_in": bool(self._settings.console_token)})

    async def _panel(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in PANELS:
            return refusal(404, "There is no such panel")
        panel = PANELS[name]
        if len(request.query) > len(set(request.query)):
            raise Invalid("A parameter is given twice")
        try:
            params = msgspec.convert(dict(request.query), panel.params, strict=False)
        except msgspec.ValidationError as error:
            raise Invalid(str(error)) from None
        body = await self._asker.ask(
            (name, params),
            lambda reader: msgspec.json.encode(panel.read(reader, self._reading, params)),
            fresh_s=panel.fresh_s,
        )
        return in_json(200, body)

    async def _push(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events, until either side goes."""
        pulses = self._live.pulses()
        async with aclosing(pulses):
            first = await anext(pulses)
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
            await response.prepare(request)
            try:
                await _send(response, first)
                async for pulse in pulses:
                    await _send(response, pulse)
            except ConnectionError:
                pass  # whoever looked has gone
        return response

    async def _shut_down(self, _: web.Application) -> None:
        await self._live.close()

    async def _open(self, _: web.Application) -> AsyncIterator[None]:
        async with self._desk:
            yield
        await asyncio.to_thread(self._asker.close)


async def _send(response: web.StreamResponse, pulse: bytes) -> None:
    await response.write(b"data: " + pulse + b"\n\n")


@web.middleware
async def _failures_in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Invalid as error:
        return refusal(400, str(error))
    except FootfallError as error:
        return refusal(503, str(error))
