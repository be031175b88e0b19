"""The sentences of which reviews are made, as JSON writes them: real ones, unhappy and then happy."""

from __future__ import annotations

from functools import cache

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from models.text.data import SENTENCES

N_UNHAPPY = 1_500
N_HAPPY = 1_500


@cache
def sentences() -> npt.NDArray[np.object_]:
    """(unhappy and happy,) UTF-8 with JSON's escapes, without the quotes."""
    table = pd.read_parquet(SENTENCES).sort_values("label", kind="stable")
    written = np.empty(N_UNHAPPY + N_HAPPY, dtype=object)
    written[:] = [msgspec.json.encode(text)[1:-1] for text in table["text"]]
    return written
