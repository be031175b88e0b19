"""The engine of a text worker, ready to read."""

from __future__ import annotations

import logging

from models.text.checkpoint import load
from models.text.engine import TextEngine
from streams.errors import SettingError
from streams.settings import Settings

_NEEDED = ("negative", "positive")
"""Columns that a scored review's sentiment is made of."""

log = logging.getLogger(__name__)


def open_engine(settings: Settings) -> tuple[TextEngine, str]:
    """The engine and the name of its model, which is logged; it has read a first text. Takes seconds.

    Raises ``SettingError`` where there is no model, or one without sentiment.
    """
    if not settings.text_model:
        raise SettingError("FOOTFALL_TEXT_MODEL is empty, and no text model comes with this version")
    try:
        model = load(settings.text_model)
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        why = f"{type(error).__name__}: {error}".split("\n", 1)[0]
        raise SettingError(f"FOOTFALL_TEXT_MODEL: no model can be read from {settings.text_model}: {why}") from error
    engine = TextEngine(model)
    first = engine.score(["Well made, and it fits."])
    missing = [name for name in _NEEDED if name not in first.columns]
    if missing:
        engine.close()
        raise SettingError(f"FOOTFALL_TEXT_MODEL: the model {first.model} has no {' and no '.join(missing)}")
    weights = next(model.parameters())
    log.info(
        "text model %s on %s in %s, usual tier %s, fallback %s",
        first.model,
        weights.device,
        str(weights.dtype).removeprefix("torch."),
        first.tier,
        settings.text_fallback,
    )
    return engine, first.model
