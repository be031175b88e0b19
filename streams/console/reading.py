"""How the console asks ClickHouse: as a user of its own where there is one, without being able to change anything, and
with bounds on what a query may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from streams.clickhouse.connection import connect
from streams.clickhouse.reader import Reader
from streams.errors import SettingError
from streams.settings import Secret, Settings

QUERY_S = 10
ANSWER_S = QUERY_S + 5.0
"""A server that keeps to its bounds has answered by then."""

TIME = {"max_execution_time": str(QUERY_S)}
BOUNDS = {
    **TIME,
    "readonly": "2",  # nothing is written, while the driver may still name the bounds
    "max_memory_usage": str(2 << 30),
    "max_rows_to_read": str(2_000_000_000),
    "max_result_rows": str(20_000),
    "max_result_bytes": str(32 << 20),
    "max_threads": "4",
}
"""Settings of ClickHouse for each query of the console. A query that comes to one fails, and says at which."""

_LIMITED = "SELECT getSetting('readonly')"


def reading(settings: Settings) -> Settings:
    """The settings for :func:`open_reader`: one attempt, within ``ANSWER_S``. Raises ``SettingError`` where the URL
    isn't one."""
    name = "FOOTFALL_CONSOLE_CLICKHOUSE" if settings.console_clickhouse else "FOOTFALL_CLICKHOUSE"
    url = settings.console_clickhouse or settings.clickhouse
    found = replace(settings, clickhouse=url, clickhouse_timeout_s=ANSWER_S, outage_deadline_s=0.0)
    try:
        connect(found)
    except SettingError as error:
        raise SettingError(str(error).replace("FOOTFALL_CLICKHOUSE", name, 1)) from None
    return found


def open_reader(settings: Settings) -> Reader:
    """A reader within the bounds, for the thread that calls, which it blocks for a question.

    A user who may only read, as the console's own, has bounds of its own on the server, and may set none but the time.
    Raises as ``Reader`` does.
    """
    reader = Reader(bounded(settings, TIME))
    if reader.query(_LIMITED)[0][0]:
        return reader
    reader.close()
    return Reader(bounded(settings, BOUNDS))


def bounded(settings: Settings, bounds: Mapping[str, str]) -> Settings:
    """The settings with what stands after ``?`` in the URL of ClickHouse, and these."""
    parts = urlsplit(settings.clickhouse)
    given = dict(parse_qsl(parts.query))
    return replace(settings, clickhouse=Secret(parts._replace(query=urlencode({**given, **bounds})).geturl()))
