"""Where the console listens."""

from __future__ import annotations

from streams.errors import SettingError
from streams.http.address import Address, checked
from streams.settings import Settings

CONSOLE = "FOOTFALL_CONSOLE_HTTP"
_TOKEN = "FOOTFALL_CONSOLE_TOKEN"  # noqa: S105 - a name


def console_address(settings: Settings) -> Address:
    """Raises ``SettingError`` where the setting is no address, or where others than this machine could ask without a
    token."""
    found = checked(settings.console_http, settings.console_token, setting=CONSOLE, token_setting=_TOKEN)
    if found is None:
        raise SettingError(f"{CONSOLE} is empty, but must be host:port, such as 127.0.0.1:8300")
    return found
