"""Blocks to and from one client, compressed if it asked for that."""

import socket
from collections.abc import Iterator

from deploy.local.clickhouse import blocks, compression, packets
from deploy.local.clickhouse.errors import Disconnected, EngineError
from deploy.local.clickhouse.wire import Reader


class Incoming:
    """The blocks that a client sends up to an empty one: first tables for the query, then rows to insert."""

    def __init__(self, reader: Reader, *, compressed: bool) -> None:
        self._reader = reader
        self._body = Reader(lambda: compression.read_frame(reader)) if compressed else reader
        self._ended = False

    def expect_more(self) -> None:
        self._ended = False

    def blocks(self) -> Iterator[tuple[str, blocks.Block]]:
        """Yield (name of the table, block). Waits for the client."""
        while not self._ended:
            if (packet := self._reader.varint()) != packets.FromClient.DATA:
                raise Disconnected(f"packet {packet} amid the data")
            name = self._reader.text()
            self._reader.forget()
            blocks.pass_block_info(self._body)
            try:
                block = blocks.read_block(self._body)
            except EngineError as error:
                raise Disconnected(str(error)) from None
            self._body.forget()
            if block.columns:
                yield name, block
            else:
                self._ended = True

    def drain(self) -> None:
        for _ in self.blocks():
            pass


class Outgoing:
    def __init__(self, client: socket.socket, *, compressed: bool) -> None:
        self._client = client
        self._compressed = compressed

    def send(self, body: bytes) -> None:
        if self._compressed:
            self._client.sendall(packets.DATA)
            for frame in compression.compress(blocks.BLOCK_INFO + body):
                self._client.sendall(frame)
        else:
            self._client.sendall(packets.DATA + blocks.BLOCK_INFO)
            self._client.sendall(body)
