"""A client of the driver, from the settings."""

from __future__ import annotations

import logging
from typing import Any

from clickhouse_driver import Client
from clickhouse_driver.errors import UnknownCompressionMethod
from clickhouse_driver.util.helpers import parse_url

from streams.errors import SettingError
from streams.settings import Settings

REVISION = 54453
"""Of the native protocol. From the next one on, servers send sparse columns, which the driver can't make arrays of."""

MAX_CONNECT_TIMEOUT_S = 10.0
"""A server that is there accepts within this; one that isn't shall not hold a thread for longer."""

_WANTED = "clickhouse://user:password@host:port/database, or clickhouses:// for TLS"


def connect(settings: Settings, **client_settings: Any) -> Client:
    """A client for the calling thread alone, to be thrown away after any exception. Doesn't connect yet.

    What stands after ``?`` in the URL are further arguments of the driver (``ca_certs``, ``alt_hosts``, ...) and
    settings of ClickHouse: on a cluster ``insert_quorum=auto&select_sequential_consistency=1``.

    Raises :class:`~streams.errors.SettingError`, which never shows the URL: it holds the password.
    """
    host, arguments = _parsed(settings.clickhouse)
    arguments["settings"] = {**arguments.get("settings", {}), **client_settings}
    arguments.setdefault("connect_timeout", min(MAX_CONNECT_TIMEOUT_S, settings.clickhouse_timeout_s))
    arguments.setdefault("send_receive_timeout", settings.clickhouse_timeout_s)
    arguments.setdefault("sync_request_timeout", min(MAX_CONNECT_TIMEOUT_S, settings.clickhouse_timeout_s))
    arguments.setdefault("client_name", "footfall")
    arguments["client_revision"] = REVISION
    if settings.clickhouse_compression != "none":
        arguments.setdefault("compression", settings.clickhouse_compression)
    # It logs each failed attempt with a traceback; the session says the same in one line.
    logging.getLogger("clickhouse_driver").setLevel(logging.ERROR)
    try:
        return Client(host, **arguments)
    except UnknownCompressionMethod:
        asked = arguments["compression"]
        raise SettingError(
            f"FOOTFALL_CLICKHOUSE_COMPRESSION is {asked}, which needs pip install clickhouse-driver[{asked}]"
        ) from None
    except TypeError:
        raise SettingError("FOOTFALL_CLICKHOUSE has arguments after ? that the driver can't use") from None


def address(client: Client) -> str:
    """``host:port`` of the server, for messages."""
    host, port = client.connection.hosts[0]
    return f"{host}:{port}"


def _parsed(url: str) -> tuple[str, dict[str, Any]]:
    """Host and arguments. Errors of the parsers quote parts of the URL, so nothing of them is passed on."""
    try:
        host, arguments = parse_url(url)
    except (ValueError, AttributeError):
        host, arguments = None, {}
    if not host or not url.startswith(("clickhouse://", "clickhouses://")):
        raise SettingError(
            f"FOOTFALL_CLICKHOUSE can't be read as {_WANTED}; in a password, write / ? # @ : and % as %2F and so on"
        )
    return host, arguments
