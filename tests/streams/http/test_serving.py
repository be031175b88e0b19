"""The serving thread: where it listens, and that it ends."""

from __future__ import annotations

import re
import socket
import threading

import pytest
from aiohttp import web

from streams.errors import Fatal
from streams.http.address import Address
from streams.http.serving import serving
from tests.streams.http.client import LOOPBACK


def test_it_listens_until_the_end_and_no_longer() -> None:
    with serving(web.Application(), LOOPBACK) as at:
        assert at is not None
        socket.create_connection(at).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(at)
    assert "http" not in {thread.name for thread in threading.enumerate()}


def test_no_address_is_no_server() -> None:
    with serving(web.Application(), None) as at:
        assert at is None
        assert "http" not in {thread.name for thread in threading.enumerate()}


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(LOOPBACK)
        taken.listen()
        address = Address(*taken.getsockname())
        said = re.escape(f"FOOTFALL_DOOR: nothing can listen on 127.0.0.1:{address.port}: ")
        with pytest.raises(Fatal, match=f"^{said}"), serving(web.Application(), address, setting="FOOTFALL_DOOR"):
            pass
