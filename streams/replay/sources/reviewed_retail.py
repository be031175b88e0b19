"""UCI Online Retail with reviews: after one in three orders, its shopper reviews one of the items.

The orders are real and so are the sentences, those of the Sentiment Labelled Sentences; who wrote which about what is
drawn, always the same. An item has a share of happy reviews, and that of one in six items falls in the summer. A happy
review is one or two positive sentences with four or five stars, an unhappy one the opposite. It comes days after the
order.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.text.data import SENTENCES
from streams.replay.chunk import Chunk
from streams.replay.source import Source
from streams.replay.sources import online_retail

_DAY_MS = 86_400_000
_REVIEWED = 1 / 3
_DELAY_D = 4.0
_HAPPY = (0.6, 0.95)
_FALLING = 1 / 6
_HAPPY_AFTERWARDS = 0.15
_FALLS_MS = 1_309_478_400_000  # 2011-07-01
_SEED = 0


def read(path: Path) -> Iterator[Chunk]:
    lines = online_retail.lines_of(path)
    events = pd.concat([online_retail.events_of(lines), _reviews(lines)])
    yield from online_retail.chunks(events.sort_values("ts", kind="stable", ignore_index=True))


def count(path: Path) -> int:
    events = online_retail.SOURCE.total(path)
    assert events is not None  # noqa: S101 - for mypy
    return events + len(_reviews(online_retail.lines_of(path)))


def _reviews(lines: pd.DataFrame) -> pd.DataFrame:
    """Of orders, by lines drawn from them, before the last order."""
    random = np.random.default_rng(_SEED)
    bought = lines[~lines["credit"] & lines["item"].str[0].str.isdigit()]  # the others are postage and the like
    drawn = bought.iloc[random.permutation(len(bought))].drop_duplicates("invoice").sort_values("invoice")
    drawn = drawn[random.random(len(drawn)) < _REVIEWED]
    ordered_ms = drawn["minute"].astype("int64") * online_retail.MINUTE_MS
    drawn = drawn.assign(
        type="review", ts=ordered_ms + _DAY_MS + random.exponential(_DELAY_D * _DAY_MS, len(drawn)).astype("int64")
    )
    drawn = drawn[drawn["ts"] < int(lines["minute"].max()) * online_retail.MINUTE_MS]
    is_happy = random.random(len(drawn)) < _happy_share(drawn, random)
    stars = random.integers(4, 6, len(drawn))
    return drawn.assign(rating=np.where(is_happy, stars, 6 - stars).astype(float), text=_texts(is_happy, random))


def _happy_share(drawn: pd.DataFrame, random: np.random.Generator) -> npt.NDArray[np.float64]:
    items, item = np.unique(drawn["item"].to_numpy(dtype="U"), return_inverse=True)
    share = random.uniform(*_HAPPY, len(items))
    falls = random.random(len(items)) < _FALLING
    return np.where(falls[item] & (drawn["ts"].to_numpy() >= _FALLS_MS), _HAPPY_AFTERWARDS, share[item])


def _texts(is_happy: npt.NDArray[np.bool_], random: np.random.Generator) -> list[str]:
    sentences = pd.read_parquet(SENTENCES)
    by_label = [sentences.loc[sentences["label"] == label, "text"].to_numpy() for label in (0, 1)]
    n = random.integers(1, 3, len(is_happy)).tolist()
    return [
        " ".join(random.choice(by_label[int(happy)], size, replace=False).tolist())
        for happy, size in zip(is_happy.tolist(), n, strict=True)
    ]


SOURCE = Source(
    name="online-retail-reviews",
    description="the same with reviews in real sentences, which are drawn for its orders",
    citation="Chen (2015), as above; Kotzias et al. (2015), Sentiment Labelled Sentences, UCI, CC BY 4.0, "
    "doi:10.24432/C57604",
    read=read,
    shipped=online_retail.SHIPPED,
    count=count,
)
