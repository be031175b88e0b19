"""Serves an aiohttp application on a thread and an event loop of its own, so that requests hold nothing else up."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress

from aiohttp import web

from streams.errors import Fatal
from streams.http.address import HTTP, Address

START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 1.0

log = logging.getLogger(__name__)


@contextmanager
def serving(app: web.Application, address: Address | None, *, setting: str = HTTP) -> Iterator[Address | None]:
    """Serves until the end; gives where it listens, and logs it. None serves nothing.

    Raises ``Fatal``, naming the variable ``setting``, where the address can't be listened on.
    """
    if address is None:
        yield None
        return
    loop = asyncio.new_event_loop()
    listens: Future[Address] = Future()
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=STOP_TIMEOUT_S)
    thread = threading.Thread(target=_run, args=(loop, runner, address, listens), name="http", daemon=True)
    thread.start()
    try:
        at = listens.result(START_TIMEOUT_S)
    except OSError as error:
        raise Fatal(f"{setting}: nothing can listen on {address.host}:{address.port}: {error.strerror}") from None
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
