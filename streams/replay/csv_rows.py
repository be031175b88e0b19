"""A CSV file, compressed or not, a chunk of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from streams.errors import Invalid
from streams.replay.chunk import CHUNK_EVENTS


def csv_rows(path: Path, types: Mapping[str, str], *, header: bool = True) -> Iterator[pd.DataFrame]:
    """Frames whose index is the row's number in the file, from 0; absent text is ``""``.

    ``types`` gives the columns and what they hold, in the file's order where it has no header.
    """
    names = None if header else list(types)
    try:
        with pd.read_csv(
            path,
            names=names,
            header=0 if header else None,
            usecols=list(types),
            dtype=dict(types),
            chunksize=CHUNK_EVENTS,
        ) as frames:
            for frame in frames:
                texts = [name for name, kind in types.items() if kind == "str"]
                yield frame.assign(**{name: frame[name].fillna("") for name in texts})
    except (ValueError, EOFError, OSError) as error:
        raise Invalid(f"{path} is not the CSV file that was expected: {error}") from None
