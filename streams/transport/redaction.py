"""Keeps secrets out of the log, whoever writes it: frameworks print what they send at DEBUG."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from urllib.parse import parse_qsl, unquote, urlsplit

from streams.settings import Secret, Settings

MASK = "***"


class Redaction:
    """Replaces the secrets of some settings by ``***``, also as they look in a ``repr``."""

    def __init__(self, settings: Settings) -> None:
        found = {form for secret in _secrets(settings) for form in _forms(secret)}
        self._longest_first = sorted(found, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for secret in self._longest_first:
            text = text.replace(secret, MASK)
        return text


def _forms(secret: str) -> Iterator[str]:
    """As it is, and in a ``repr`` of text and of bytes."""
    yield secret
    yield repr(secret)[1:-1]
    yield repr(secret.encode())[2:-1]


def _secrets(settings: Settings) -> Iterator[str]:
    """That aren't empty; of a URL also its password, encoded and not, and what stands after ``?``."""
    for setting in fields(settings):
        value = getattr(settings, setting.name)
        if isinstance(value, Secret) and value.strip() and value != setting.default:
            yield from (str(value), value.strip())
            yield from filter(None, _of_url(value))


def _of_url(text: str) -> Iterator[str]:
    try:
        url = urlsplit(text)
        encoded = url.password or ""
        yield from (encoded, unquote(encoded))
        yield from (value for name, value in parse_qsl(url.query) if "password" in name)
    except ValueError:  # no URL
        return
