"""The engine of a text worker, ready to read."""

from __future__ import annotations

import logging

from models.errors import ModelError
from models.text.checkpoint import load
from models.text.engine import TextEngine
from streams.errors import SettingError
from streams.settings import Settings

_NEEDED = ("negative", "positive")
"""Columns that a scored review's sentiment is made of."""

log = logging.getLogger(__name__)


def open_engine(settings: Settings) -> TextEngine:
    """It has read a first text, and what it is has been logged. Takes seconds.

    Raises ``SettingError`` where there is no such model, device or precision, or the model has no sentiment.
    """
    try:
        engine = TextEngine(
            load(settings.text_model),
            device=settings.text_device,
            precision=settings.text_precision,
            token_budget=settings.text_token_budget,
            cache=settings.text_cache,
        )
    except ModelError as error:
        raise SettingError(f"FOOTFALL_TEXT_MODEL: {error}") from error
    except ValueError as error:
        raise SettingError(f"FOOTFALL_TEXT_DEVICE, FOOTFALL_TEXT_PRECISION: {error}") from error
    first = engine.score(["Well made, and it fits."])
    missing = [name for name in _NEEDED if name not in first.columns]
    if missing:
        engine.close()
        raise SettingError(f"FOOTFALL_TEXT_MODEL: the model {first.model} has no {' and no '.join(missing)}")
    log.info("text model %s on %s in %s", engine.model, engine.device, engine.precision)
    return engine
