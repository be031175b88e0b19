"""Where a process serves HTTP."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

from streams.errors import SettingError
from streams.settings import Secret, Settings

HTTP = "FOOTFALL_HTTP"
_ADDRESS = re.compile(r"^(?:\[(?P<v6>[^\]]+)\]|(?P<host>[^:\[\]]*)):(?P<port>\d{1,5})$")
_HIGHEST_PORT = 65_535


class Address(NamedTuple):
    host: str
    port: int
    """0 for any."""


def http_address(settings: Settings) -> Address | None:
    """Of a process that isn't the console. Returns and raises as :func:`checked`."""
    return checked(settings.http, settings.http_token, setting=HTTP)


def checked(text: str, token: Secret, *, setting: str, token_setting: str = "") -> Address | None:
    """The address in ``text``; None where it is empty and no HTTP is wanted.

    Raises ``SettingError`` where it isn't one, or where others than this machine could ask without a token: that of the
    variable ``setting`` is in the variable ``token_setting``, by default ``<setting>_TOKEN``.
    """
    if not text:
        return None
    found = _ADDRESS.match(text)
    if not found or int(found["port"]) > _HIGHEST_PORT:
        raise SettingError(f"{setting} is {text!r}, but must be host:port, such as 127.0.0.1:8080")
    address = Address(found["v6"] or found["host"], int(found["port"]))
    if not token and not _is_loopback(address.host):
        raise SettingError(
            f"{setting} is {text!r}, which others than this machine may reach: set"
            f" {token_setting or f'{setting}_TOKEN'}, or listen on 127.0.0.1"
        )
    return address


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
