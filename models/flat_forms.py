"""The forms that a flat model may have, each of which a process that scores can read."""

from __future__ import annotations

from models import flat_linear, flat_scorecard
from models.errors import SnapshotRefused
from models.flat import decode
from models.flat_linear import FlatLinear
from models.flat_scorecard import FlatScorecard

FlatModel = FlatScorecard | FlatLinear

_FORMS: dict[str, type[FlatModel]] = {flat_scorecard.FORM: FlatScorecard, flat_linear.FORM: FlatLinear}


def from_bytes(encoded: bytes, n_features: int) -> FlatModel:
    """The model whose ``to_bytes`` gave this. Raises ``SnapshotRefused`` for another form or number of features."""
    flat = decode(encoded)
    if flat.form not in _FORMS:
        raise SnapshotRefused(f"a flat model has the form {flat.form!r}, which this Footfall can't score")
    return _FORMS[flat.form].from_flat(flat, n_features)
