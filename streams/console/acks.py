"""An analyst's verdict on an alert, from the page to the alert desk."""

from __future__ import annotations

import asyncio

import msgspec
from aiohttp import web

from schemas.events import Id
from streams.console.asker import Asker
from streams.desk.acknowledge import Acknowledging, Verdict
from streams.errors import Invalid
from streams.http.answers import in_json, refusal

DEADLINE_S = 20.0
SAID_BY = "console"


class Ack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page sends."""

    alert_id: Id
    verdict: Verdict


class Acks:
    """``POST /api/ack``.

    The same said twice is one label, so whoever gets no answer in time may say it again.
    """

    def __init__(self, desk: Acknowledging, asker: Asker) -> None:
        self._desk = desk
        self._asker = asker

    async def acknowledge(self, request: web.Request) -> web.StreamResponse:
        if request.content_type != "application/json":  # which a form of another site can't send
            return refusal(415, "Expected Content-Type: application/json")
        try:
            async with asyncio.timeout(DEADLINE_S):
                ack = _decoded(await request.read())
                (done,) = await self._desk.acknowledge([ack.alert_id], ack.verdict, said_by=SAID_BY)
        except TimeoutError:
            return refusal(503, f"Not acknowledged within {DEADLINE_S:g} s: try again")
        for panel in ("alerts", "shopper"):
            self._asker.forget(panel)
        return in_json(200, {"alert_id": done.alert_id, "verdict": done.verdict, "is_new": done.is_new})


def _decoded(body: bytes) -> Ack:
    try:
        return msgspec.json.decode(body, type=Ack)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(str(error)) from None
