"""The keys of the settings, and ids as the tables have them."""

from __future__ import annotations

from models.pseudonyms import Pseudonyms
from streams.errors import SettingError
from streams.settings import Secret, Settings

LEAST_CHARACTERS = 16
"""Of a key: fewer could be tried out."""


def pseudonyms_of(settings: Settings) -> Pseudonyms | None:
    """None where identifiers are kept as they are. Raises ``SettingError`` for a key that is too short."""
    return Pseudonyms(_checked("PSEUDONYM_KEY", settings.pseudonym_key)) if settings.pseudonym_key else None


def erasure_key(settings: Settings) -> bytes:
    """Raises ``SettingError`` where there is none, or a short one."""
    if not settings.erasure_key:
        raise SettingError("FOOTFALL_ERASURE_KEY is not set: a secret for all workers, such as openssl rand -hex 32")
    return _checked("ERASURE_KEY", settings.erasure_key)


def stored_id(settings: Settings, user_id: str) -> str:
    """A shopper's id as it stands in the tables: what commands and pages look up where people give an id. It may be a
    pseudonym already."""
    pseudonyms = pseudonyms_of(settings)
    return pseudonyms.of("user", user_id) if pseudonyms else user_id


def _checked(name: str, key: Secret) -> bytes:
    if len(key) < LEAST_CHARACTERS:
        raise SettingError(f"FOOTFALL_{name} is too short: it takes {LEAST_CHARACTERS} characters or more")
    return key.encode()
