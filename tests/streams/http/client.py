"""Asks a server over a connection of the request's own."""

from __future__ import annotations

import http.client
import json
from typing import Any

from streams.http.address import Address

LOOPBACK = Address("127.0.0.1", 0)
DEADLINE_S = 20.0

Answer = tuple[int, Any, dict[str, str]]
"""Status, body (of JSON what it holds), headers."""


def ask(address: Address, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    """A body that isn't bytes is sent as JSON."""
    connection = http.client.HTTPConnection(*address, timeout=DEADLINE_S)
    sent = {"Content-Type": "application/json"} if body is not None else {}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, body if isinstance(body, bytes | None) else json.dumps(body), sent)
        response = connection.getresponse()
        text = response.read()
        is_json = response.headers["Content-Type"].startswith("application/json")
        return response.status, json.loads(text) if is_json else text.decode(), dict(response.headers)
    finally:
        connection.close()
