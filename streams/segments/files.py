"""The segments that there are, from the files that the settings name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from schemas.segments.definition import Segment, load
from streams.errors import Invalid, SettingError
from streams.settings import Settings


def segments_of(settings: Settings) -> Mapping[str, Segment]:
    """By name. Raises ``SettingError`` where a file isn't a segment, or the folder isn't there."""
    try:
        return load(Path(settings.segments) if settings.segments else None)
    except OSError as error:
        raise SettingError(f"FOOTFALL_SEGMENTS is {settings.segments!r}: {error.strerror}") from None
    except ValueError as error:
        raise SettingError(str(error)) from None


def chosen(segments: Mapping[str, Segment], names: Sequence[str]) -> list[Segment]:
    """The named ones, or all for no names. Raises ``Invalid`` for a name that none has."""
    for name in names:
        if name not in segments:
            raise Invalid(f"There is no segment {name!r}; there are {', '.join(segments)}")
    return [segments[name] for name in names] if names else list(segments.values())
