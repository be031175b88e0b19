"""Whether a Kafka broker does its work: asked by one Metadata request (version 1) of Kafka's protocol.

A broker that has started but may not lead partitions yet ("fenced") answers, too, but names no broker.
https://kafka.apache.org/protocol#The_Messages_Metadata
"""

import socket
import struct

TIMEOUT_S = 1.0
_METADATA, _VERSION = 3, 1
_CLIENT = b"footfall"


def names_a_broker(host: str, port: int) -> bool:
    header = struct.pack(">hhih", _METADATA, _VERSION, 1, len(_CLIENT)) + _CLIENT
    request = header + struct.pack(">i", 0)  # no topics
    try:
        with socket.create_connection((host, port), timeout=TIMEOUT_S) as broker:
            broker.sendall(struct.pack(">i", len(request)) + request)
            with broker.makefile("rb") as answer:
                _size, _correlation, n_brokers = struct.unpack(">iii", answer.read(12))
    except (OSError, struct.error):
        return False
    return bool(n_brokers > 0)
