"""Batches of any texts through the model: three stages on threads of their own, which overlap.

``tokenise``    one thread: what is known already is set aside, the rest tokenised, sorted by length and packed
``forward``     the model: one thread for each core with a single-threaded forward each, or one for a GPU
``finish``      one thread: scores to the host and into their windows, which complete in the order of submission
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch

from models.errors import TextEngineStopped
from models.text.cache import ScoreCache, key
from models.text.figures import TextFigures
from models.text.forward import Forward, column_widths, open_forward
from models.text.model import ReviewModel
from models.text.packing import plan, size
from models.text.precision import choose_forward, resolve_device
from models.text.reading import Part, finish, read
from models.text.scores import TextScores
from models.text.stages import Channel, Closed, Stage
from models.text.tokens import TextReader, valid
from models.text.window import Batch, Window

TIERS = ("", "truncated", "int8")
TRUNCATED = 64
"""Tokens that the tier ``truncated`` reads of a text, of head and tail."""

_BUDGETS = {"cpu": 2048, "cuda": 16_384}
"""Tokens of a batch by device. On a CPU 512 took a tenth longer; a GPU is kept busy by this."""
_WINDOWS = 2
"""Windows that wait to be tokenised."""
_BATCHES = 4
"""Batches by forward thread that wait for the model, and as many that wait to be finished."""


class _Read(NamedTuple):
    batch: Batch
    parts: list[Part]


class TextEngine:
    """Scores windows of texts, each in the order in which they were submitted. Thread-safe.

    A text that can't be scored has a reason in ``TextScores.reasons`` and changes nothing for the others. The same text
    is scored once, within a window, across windows that are under way, and as long as the cache holds it.

    Parameters
    ----------
    device
        ``auto``, ``cpu``, ``cuda`` or ``cuda:1``.
    precision
        ``fp32``, ``bf16``, ``fp16``, ``int8``, or ``auto`` for the fastest that agrees with fp32: see
        :mod:`models.text.precision`.
    token_budget
        Tokens of a batch, padding included; 0 for the device's. Halved each time that memory doesn't suffice.
    cache
        Texts whose scores are kept.
    forwards
        Threads that run the model; 0 for as many as PyTorch has threads on a CPU, and one on a GPU.
    compiled
        Whether ``torch.compile`` is to make the forward, which needs a C++ compiler and takes a minute.

    Raises ``ValueError`` for a device or a precision that isn't there.
    """

    def __init__(
        self,
        model: ReviewModel,
        *,
        device: str = "auto",
        precision: str = "auto",
        token_budget: int = 0,
        cache: int = 50_000,
        forwards: int = 0,
        compiled: bool = False,
    ) -> None:
        where = resolve_device(device)
        on_cpu = where.type == "cpu"
        threads = forwards or (torch.get_num_threads() if on_cpu else 1)
        usual = choose_forward(model, device=where, precision=precision, compiled=compiled)
        self._model = model
        self.device = where
        self._forwards: dict[str, Forward] = {"": usual, "truncated": usual}
        self._widths = column_widths(model)
        width = sum(width or 1 for width in self._widths.values())
        self._reader = TextReader(model.tokenizer)
        self._threads = threads
        self._budget = token_budget or _BUDGETS[where.type]
        self._cache = ScoreCache(cache, width)
        self._width = width
        self._figures = TextFigures()
        self._lock = threading.Lock()  # of what follows, and of the cache, the budget and the figures
        self._in_flight: dict[bytes, tuple[Window, int]] = {}
        self._pending: deque[Window] = deque()
        self._stopped: TextEngineStopped | None = None

        self._in_order = threading.Lock()  # held while a window is submitted
        self._windows: Channel[Window] = Channel(_WINDOWS)
        self._batches: Channel[Batch] = Channel(_BATCHES * threads)
        self._read: Channel[_Read] = Channel(_BATCHES * threads)

        def begin() -> None:
            if on_cpu and threads > 1:
                torch.set_num_threads(1)

        self._stages: tuple[Stage[Window], Stage[Batch], Stage[_Read]] = (
            Stage("tokenise", self._windows, self._tokenise, died=self._die, ended=self._batches.close),
            Stage(
                "forward",
                self._batches,
                self._forward,
                died=self._die,
                ended=self._read.close,
                threads=threads,
                begin=begin,
            ),
            Stage("finish", self._read, self._finish, died=self._die, ended=lambda: None),
        )

    @property
    def figures(self) -> TextFigures:
        """Up to now."""
        with self._lock:
            return replace(self._figures)

    @property
    def model(self) -> str:
        """Name of the model."""
        return self._model.name

    @property
    def precision(self) -> str:
        """Of the usual tier."""
        return self._forwards[""].precision

    @property
    def token_budget(self) -> int:
        return self._budget

    def submit(self, texts: Sequence[str], *, tier: str = "") -> Future[TextScores]:
        """Begins to score ``texts``; blocks while too many windows wait.

        ``tier`` names a cheaper way to do it, empty for the usual one: see :data:`TIERS`. Raises ``ValueError`` for
        another one, and ``TextEngineStopped``, which is also the error of all futures that a death leaves behind.
        """
        if tier not in TIERS:
            raise ValueError(f"unknown tier {tier}: it may be empty, {' or '.join(TIERS[1:])}")
        window = Window(list(texts), tier)
        with self._in_order:
            with self._lock:
                if self._stopped is not None:
                    raise self._stopped
                self._pending.append(window)
            try:
                self._windows.put(window)
            except Closed:
                with self._lock:
                    raise self._stopped or TextEngineStopped("the text engine was closed") from None
        return window.future

    def score(self, texts: Sequence[str], *, tier: str = "") -> TextScores:
        """:meth:`submit`, waited for."""
        return self.submit(texts, tier=tier).result()

    def close(self) -> None:
        """What was submitted and hasn't begun is cancelled, and the rest waited for."""
        with self._lock:
            self._stopped = self._stopped or TextEngineStopped("the text engine was closed")
        for window in self._windows.clear():
            window.future.cancel()
        for stage in self._stages:
            stage.join()

    def _tokenise(self, window: Window) -> None:
        began = time.perf_counter()
        window.values = np.full((len(window.texts), self._width), np.nan, dtype=np.float32)
        if not window.future.set_running_or_notify_cancel():
            window.texts = []
        texts: dict[int, str] = {}
        for row, text in enumerate(window.texts):
            texts[row], data = valid(text)
            window.keys.append(key(data, window.tier))
        window.texts = []
        self._set_known_aside(window, texts)
        limit = self._model.limit if window.tier != "truncated" else min(self._model.limit, TRUNCATED)
        for row, tokens in zip(texts, self._reader.read(list(texts.values()), limit), strict=True):
            if isinstance(tokens, str):
                window.reasons[row] = tokens
            else:
                window.ids[row], window.n_tokens[row], window.truncated[row] = tokens
        batches = self._plan(window)
        with self._lock:
            self._figures.tokenise_s += time.perf_counter() - began
        window.batches_left = len(batches)
        if not batches:
            self._read.put(_Read(Batch(window, [], self._forwards[""]), []))
        for batch in batches:
            self._batches.put(batch)

    def _set_known_aside(self, window: Window, texts: dict[int, str]) -> None:
        with self._lock:
            for row, text_key in enumerate(window.keys):
                known = self._cache.get(text_key)
                if known is not None:
                    window.learn(row, known)
                elif text_key in self._in_flight:
                    window.same.append((row, *self._in_flight[text_key]))
                else:
                    self._in_flight[text_key] = (window, row)
                    continue
                del texts[row]
                self._figures.hits += 1

    def _plan(self, window: Window) -> list[Batch]:
        rows = list(window.ids)
        lengths = [len(window.ids[row]) for row in rows]
        forward = self._forward_of(window.tier)
        # A window too small to fill a batch for each thread is shared out between them.
        budget = min(self._budget, -(-sum(lengths) // self._threads))
        return [
            Batch(window, [rows[index] for index in batch], forward)
            for batch in plan(lengths, budget, padded=forward.padded)
        ]

    def _forward_of(self, tier: str) -> Forward:
        if tier not in self._forwards:
            usual = self._forwards[""]
            same = usual.precision == tier
            self._forwards[tier] = (
                usual if same else open_forward(self._model, device=torch.device("cpu"), precision=tier)
            )
        return self._forwards[tier]

    def _forward(self, batch: Batch) -> None:
        began = time.perf_counter()
        parts = list(read(batch, self._out_of_memory))
        lengths = [len(ids) for ids in batch.ids(batch.rows)]
        with self._lock:
            self._figures.forward_s += time.perf_counter() - began
            self._figures.batches += 1
            self._figures.tokens += sum(lengths)
            self._figures.padding += size(lengths, padded=batch.forward.padded) - sum(lengths)
        self._read.put(_Read(batch, parts))

    def _out_of_memory(self) -> None:
        with self._lock:
            self._figures.out_of_memory += 1
            self._budget = max(1, self._budget // 2)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _finish(self, read: _Read) -> None:
        began = time.perf_counter()
        window = read.batch.window
        finish(read.batch, read.parts, self._out_of_memory)
        window.batches_left -= 1
        window.complete = window.batches_left <= 0
        done = self._completed()
        with self._lock:
            self._figures.finish_s += time.perf_counter() - began
        for window in done:
            if not window.future.cancelled():
                tier = window.tier or self.precision
                window.future.set_result(window.scores(self._widths, model=self._model.name, tier=tier))

    def _completed(self) -> list[Window]:
        """Takes the windows at the head that are complete, with what they have of each other."""
        done = []
        with self._lock:
            while self._pending and self._pending[0].complete:
                window = self._pending.popleft()
                window.copy_same()
                for row, text_key in enumerate(window.keys):
                    if self._in_flight.get(text_key) == (window, row):
                        del self._in_flight[text_key]
                        if row not in window.reasons:
                            self._cache.put(text_key, window.known(row))
                self._figures.texts += len(window.keys)
                self._figures.failed += len(window.reasons)
                window.ids, window.same = {}, []
                done.append(window)
        return done

    def _die(self, error: BaseException) -> None:
        stopped = TextEngineStopped(f"the text engine died of {type(error).__name__}")
        stopped.__cause__ = error
        with self._lock:
            self._stopped = stopped
            pending = list(self._pending)
            self._pending.clear()
            self._in_flight.clear()
        for channel in (self._windows, self._batches, self._read):
            channel.clear()
        for window in pending:
            try:
                window.future.set_exception(stopped)
            except InvalidStateError:  # cancelled by whoever submitted it
                continue
