"""A worker process from its start to its exit status."""

from __future__ import annotations

import asyncio
import logging
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import faust
import uvloop
from faust.worker import Worker as FaustWorker

from streams.transport.logs import say_why_it_ends

FAILED_STOP_TIMEOUT_S = 5.0
"""How long leaving the group may take after a failure."""
STOP_TIMEOUT_S = 8.0
"""How long it may take after a signal, with what the handler has to finish: whoever sent it often kills after 10 s."""

log = logging.getLogger(__name__)


class Unwaited(ThreadPoolExecutor):
    """Its end isn't waited for: a thread may be in the middle of a question that a server doesn't answer."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait=False, cancel_futures=cancel_futures)


class Worker(FaustWorker):
    """Remembers why it failed; leaves logging, signals and the end of the process to :func:`run_worker`."""

    logger = logging.getLogger("faust.worker")

    def __init__(self, app: faust.App, **kwargs: Any) -> None:
        super().__init__(app, quiet=True, override_logging=False, redirect_stdouts=False, **kwargs)
        self.spinner = None
        self.failure: BaseException | None = None

    def _crash(self, reason: BaseException) -> None:
        # Faust's agents report their cancellation at the end as a crash.
        if self.failure is None and not isinstance(reason, asyncio.CancelledError):
            self.failure = reason
        super()._crash(reason)

    def install_signal_handlers(self) -> None:
        pass


def run_worker(app: faust.App) -> int:
    """Run the app until SIGTERM, SIGINT or a failure; blocks. Returns the exit status: 0 after a signal, 1 else.

    A failure is one line on stderr. A second signal ends the worker without waiting for the handler's flush.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        failure = runner.run(_serve(app))
    if failure is None:
        return 0
    log.debug("the worker failed", exc_info=failure)
    say_why_it_ends(failure)
    return 1


async def _serve(app: faust.App) -> BaseException | None:
    worker = Worker(app, loop=asyncio.get_running_loop())
    worker.loop.set_default_executor(Unwaited(thread_name_prefix="aside"))
    signals: asyncio.Queue[None] = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT):
        worker.loop.add_signal_handler(number, signals.put_nowait, None)
    starting = asyncio.ensure_future(worker.start())
    asked = asyncio.ensure_future(signals.get())
    await asyncio.wait({starting, asked}, return_when=asyncio.FIRST_COMPLETED)
    if starting.done() and (error := starting.exception()) and worker.failure is None:
        worker.failure = error
    failed = worker.failure is not None
    timeout_s = FAILED_STOP_TIMEOUT_S if failed else STOP_TIMEOUT_S
    if not failed:
        log.info("stopping")
    stopping = asyncio.ensure_future(worker.stop())
    impatient = asyncio.ensure_future(signals.get())
    done, _ = await asyncio.wait({stopping, impatient}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    if not done:
        log.warning("not all was done within %.0f s; what wasn't committed comes again", timeout_s)
    for task in (starting, asked, stopping, impatient):
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task
    return worker.failure
