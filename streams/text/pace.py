"""How many texts a window may have so that scoring them takes a short while."""

from __future__ import annotations

FIRST_WINDOW = 64
"""Texts, while it isn't known how long they take."""
WINDOW_S = 1.5
"""How long scoring a window should take: a worker which is asked to leave has little to finish, and HTTP little to wait
for."""
_LEAST_S = 1e-3


class Pace:
    """By how long the latest windows took.

    >>> pace = Pace(most=2_000)
    >>> pace.window, pace.note(64, 0.1), pace.window, pace.note(512, 0.8), pace.window
    (64, None, 512, None, 736)
    """

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._texts_per_s = FIRST_WINDOW / WINDOW_S

    @property
    def window(self) -> int:
        return max(1, min(self._most, round(self._texts_per_s * WINDOW_S)))

    def note(self, n_texts: int, took_s: float) -> None:
        """Half of the pace is the latest window's; chance rules those of few texts, which don't count."""
        if n_texts >= FIRST_WINDOW // 2:
            self._texts_per_s = (self._texts_per_s + n_texts / max(took_s, _LEAST_S)) / 2
