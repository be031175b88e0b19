"""The containers' health check: exit status 0 where ``/healthz`` of this machine's PORT says that the process is alive.

python -m deploy.docker.healthy PORT
"""

from __future__ import annotations

import http.client
import sys

HOST = "127.0.0.1"
TIMEOUT_S = 3.0


def is_healthy(port: int) -> bool:
    """Blocks for at most ``TIMEOUT_S``."""
    asking = http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_S)
    try:
        asking.request("GET", "/healthz")
        return asking.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asking.close()


if __name__ == "__main__":
    sys.exit(0 if is_healthy(int(sys.argv[1])) else 1)
