"""OTTO's sessions: clicks, carts and orders, as JSON lines of one session each.

Shoppers are known by nothing but their session, so that is ``user_id`` as well. Articles ordered at one instant are one
order of several ``purchase`` events, amount 0. Sessions come one after the other as in the file, each in its own order
of time: over the file time goes back and forth, and a replay slower than ``max`` waits only where it goes forward.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from streams.errors import Invalid
from streams.replay.chunk import Chunk, Columns, Rows, encoded
from streams.replay.json_lines import lines_of
from streams.replay.source import Source

_TYPES = {"clicks": "view", "carts": "cart_add", "orders": "purchase"}
_CHUNK_SESSIONS = 200
"""A session has some 20 events, at most 500."""


class _Action(msgspec.Struct, gc=False):
    aid: int
    ts: int
    type: Literal["clicks", "carts", "orders"]


class _Session(msgspec.Struct):
    session: int
    events: list[_Action]


def read(path: Path) -> Iterator[Chunk]:
    decoder = msgspec.json.Decoder(_Session)
    lines = lines_of(path)
    while run := list(islice(lines, _CHUNK_SESSIONS)):
        try:
            sessions = [decoder.decode(line) for _, line in run]
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Invalid(f"{path}, lines {run[0][0]} to {run[-1][0]}: not a session of OTTO's: {error}") from None
        yield _chunk(sessions)


def _chunk(sessions: list[_Session]) -> Chunk:
    rows = [
        (str(session.session), number, action) for session in sessions for number, action in enumerate(session.events)
    ]
    parts = []
    for kind, type in _TYPES.items():
        place = [at for at, (_, _, action) in enumerate(rows) if action.type == kind]
        of_kind = [rows[at] for at in place]
        user = [session for session, _, _ in of_kind]
        columns: Columns = {
            "event_id": [f"{session}-{number}" for session, number, _ in of_kind],
            "user_id": user,
            "ts": [action.ts for _, _, action in of_kind],
            "item": [str(action.aid) for _, _, action in of_kind],
            "session": user,
        }
        if kind == "orders":
            columns |= {
                "order_id": [f"{session}-{action.ts}" for session, _, action in of_kind],
                "amount": [0.0] * len(of_kind),
                "merchant": ["otto"] * len(of_kind),
            }
        parts.append(Rows(type=type, place=np.array(place, dtype=np.int64), columns=columns))
    return encoded(parts)


SOURCE = Source(
    name="otto",
    description="OTTO's sessions: clicks, carts, orders",
    citation="Normann et al. (2023), OTTO Recommender Systems Dataset, CC BY 4.0, doi:10.34740/kaggle/dsv/4991874",
    read=read,
)
