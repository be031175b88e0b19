"""Reasons: the few features that raised each of many scores most.

A model's log-odds of a row are its *base* plus what each feature contributes to it (see the flat models for what the
base is). A feature that lowered a score is none of its reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from models.phrases import said, said_of
from schemas.alerts import Reason
from schemas.texts import Texts

TOP = 3
"""Reasons of a score, at most."""


class Reasons(NamedTuple):
    """Of n scores, strongest first. Where fewer than ``TOP`` features raised a score, places are -1 and the rest 0."""

    names: tuple[str, ...]  # of the features
    place: npt.NDArray[np.int16]  # (n, TOP) in names
    value: npt.NDArray[np.float32]  # (n, TOP), as the model saw it
    contribution: npt.NDArray[np.float64]  # (n, TOP), to the log-odds

    def features(self, rank: int) -> Texts:
        """The names of the reasons of a rank, from 0; empty where there is none."""
        return Texts.of([*self.names, ""]).take(self.place[:, rank].astype(np.intp))

    def texts(self, rank: int) -> Texts:
        """What they say, in a few words: 0.3 µs a row."""
        return said_of(self.names, self.place[:, rank], self.value[:, rank])

    def listed(self) -> list[list[Reason]]:
        """One list a row, with the words for the very values."""
        rows = zip(self.place.tolist(), self.value.tolist(), self.contribution.tolist(), strict=True)
        return [
            [
                Reason(self.names[place], value, contribution, said(self.names[place], value))
                for place, value, contribution in zip(*row, strict=True)
                if place >= 0
            ]
            for row in rows
        ]


def strongest(names: Sequence[str], features: npt.NDArray[np.float32], parts: npt.NDArray[np.float64]) -> Reasons:
    """Of the contributions ``parts`` of n rows of ``features``, both of shape (n, features): 0.1 µs a row."""
    place, contribution = _strongest(np.ascontiguousarray(parts.T), TOP)
    value = np.where(place >= 0, np.take_along_axis(features, np.maximum(place, 0).astype(np.intp), axis=1), 0)
    return Reasons(tuple(names), place, value.astype(np.float32), contribution)


def none(names: Sequence[str], n: int) -> Reasons:
    """Of n scores that have no reasons."""
    shape = n, TOP
    return Reasons(tuple(names), np.full(shape, -1, np.int16), np.zeros(shape, np.float32), np.zeros(shape))


@njit(cache=True, nogil=True)
def _strongest(parts, top):  # type: ignore[no-untyped-def]
    n_features, n = parts.shape
    place = np.full((n, top), -1, dtype=np.int16)
    largest = np.zeros((n, top))
    for feature in range(n_features):
        for row in range(n):
            part = parts[feature, row]
            rank = top
            while rank > 0 and part > largest[row, rank - 1]:
                rank -= 1
                if rank + 1 < top:
                    largest[row, rank + 1] = largest[row, rank]
                    place[row, rank + 1] = place[row, rank]
            if rank < top:
                largest[row, rank] = part
                place[row, rank] = feature
    return place, largest
