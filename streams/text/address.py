"""Where a text worker serves HTTP."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

from streams.errors import SettingError
from streams.settings import Settings

_ADDRESS = re.compile(r"^(?:\[(?P<v6>[^\]]+)\]|(?P<host>[^:\[\]]*)):(?P<port>\d{1,5})$")
_HIGHEST_PORT = 65_535


class Address(NamedTuple):
    host: str
    port: int
    """0 for any."""


def http_address(settings: Settings) -> Address | None:
    """None where no HTTP is wanted. Raises ``SettingError`` where the address isn't one, or where others than this
    machine could ask without a token."""
    if not settings.text_http:
        return None
    found = _ADDRESS.match(settings.text_http)
    if not found or int(found["port"]) > _HIGHEST_PORT:
        raise SettingError(
            f"FOOTFALL_TEXT_HTTP is {settings.text_http!r}, but must be host:port, such as 127.0.0.1:8080"
        )
    address = Address(found["v6"] or found["host"], int(found["port"]))
    if not settings.text_http_token and not _is_loopback(address.host):
        raise SettingError(
            f"FOOTFALL_TEXT_HTTP is {settings.text_http!r}, which others than this machine may reach: set"
            " FOOTFALL_TEXT_HTTP_TOKEN, or listen on 127.0.0.1"
        )
    return address


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
