"""Ports on loopback for members that keep theirs over restarts."""

import random
import socket

from deploy.local.exceptions import PortTaken

HOST = "127.0.0.1"
# Below the range that the kernel gives to outgoing connections: in it, a client that tries to reach a member
# that is down may be given the member's own port, and would then talk to itself.
_FIRST, _LAST = 20_000, 32_000
_TRIES = 100


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """Pick different ports that nothing listens on now."""
    found: set[int] = set()
    for _ in range(_TRIES):
        port = random.randint(_FIRST, _LAST)  # noqa: S311 - it guards nothing
        if is_free(port):
            found.add(port)
        if len(found) == count:
            return list(found)
    raise PortTaken(f"found no {count} free ports from {_FIRST} to {_LAST}")
