"""Secrets from files: ``FOOTFALL_MODEL_KEY_FILE`` names the file that holds what ``FOOTFALL_MODEL_KEY`` would."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from streams.errors import SettingError

SUFFIX = "_FILE"


def with_files_read(given: Mapping[str, str], secrets: Collection[str]) -> dict[str, str]:
    """The variables with those of ``secrets`` that name a file replaced by what the file holds, less the line's end.

    Raises :class:`SettingError`, which never shows what a file holds, where one can't be read or holds nothing, and
    where the secret is given both ways.
    """
    values = dict(given)
    for name in secrets:
        file = values.pop(name + SUFFIX, None)
        if file is None:
            continue
        if name in values:
            raise SettingError(f"both {name} and {name + SUFFIX} are set; leave one of them out")
        values[name] = _content(name + SUFFIX, file)
    return values


def _content(name: str, file: str) -> str:
    try:
        content = Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise SettingError(f"{name} is {file!r}, which can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingError(f"{name} is {file!r}, which doesn't hold UTF-8") from None
    if not content:
        raise SettingError(f"{name} is {file!r}, which holds nothing")
    return content
