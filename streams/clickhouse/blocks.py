"""Blocks of columns over a connection of the driver, which keeps doing everything else of the protocol."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
from clickhouse_driver import Client
from clickhouse_driver.block import BlockInfo, ColumnOrientedBlock
from clickhouse_driver.protocol import ClientPacketTypes
from clickhouse_driver.reader import read_binary_str
from clickhouse_driver.streams.native import BlockInputStream
from clickhouse_driver.varint import read_varint, write_varint
from clickhouse_driver.writer import write_binary_str

from streams.clickhouse import columns
from streams.clickhouse.columns import Column

_NO_ROWS = ColumnOrientedBlock()


def insert(client: Client, statement: str, values: Mapping[str, Column], settings: Mapping[str, Any]) -> None:
    """Run an INSERT of ``values`` as one block. Blocks until the server has it."""
    with client.disconnect_on_error(statement, settings):
        connection = client.connection
        connection.send_query(statement)
        connection.send_data(_NO_ROWS)  # no external tables
        kinds = client.receive_sample_block().columns_with_types
        send(connection, {name: (kind, values[name]) for name, kind in kinds})
        connection.send_data(_NO_ROWS)  # the end
        client.receive_end_of_insert_query()


def select(
    client: Client,
    sql: str,
    tables: Mapping[str, Mapping[str, tuple[str, Column]]],
    settings: Mapping[str, Any],
    raw: Collection[str],
) -> Iterator[dict[str, Column]]:
    """Run a SELECT and give its blocks as they come, a column by name, the first of them without rows.

    ``tables`` are sent along as temporary ones, each a type and values by column; columns in ``raw`` come as ``bytes``.
    """
    with client.disconnect_on_error(sql, settings):
        connection = client.connection
        connection.send_query(sql)
        for name, table in tables.items():
            send(connection, table, name)
        connection.send_data(_NO_ROWS)  # no more external tables
        # Over the buffer of the driver's own stream, which decompresses.
        connection.block_in = _Blocks(connection.block_in.fin, connection.context, raw)
        try:
            for packet in client.packet_generator():
                if packet.block is not None:
                    yield packet.block
        finally:
            if connection.connected:
                connection.block_in = connection.get_block_in_stream()


def send(connection: Any, block: Mapping[str, tuple[str, Column]], table: str = "") -> None:
    """Send one block: a ClickHouse type and the values by column name."""
    n_rows = len(next(iter(block.values()))[1])
    for name, (_, values) in block.items():
        if len(values) != n_rows:
            raise ValueError(f"Column {name} holds {len(values)} values, those before it {n_rows}")
    write_varint(ClientPacketTypes.DATA, connection.fout)
    write_binary_str(table, connection.fout)
    out = connection.block_out.fout
    BlockInfo().write(out)
    write_varint(len(block), out)
    write_varint(n_rows, out)
    for name, (kind, values) in block.items():
        write_binary_str(name, out)
        write_binary_str(kind, out)
        try:
            columns.write(kind, values, out, connection.context)
        except (TypeError, ValueError, AttributeError, OverflowError) as error:
            # The error may quote a value, which is somebody's.
            raise TypeError(f"Column {name} can't be written as {kind}: {type(error).__name__}") from None
    connection.block_out.finalize()


class _Blocks(BlockInputStream):  # type: ignore[misc]
    """Reads blocks as a dict of columns; one without rows has empty arrays and lists of the right types."""

    def __init__(self, fin: Any, context: Any, raw: Collection[str]) -> None:
        super().__init__(fin, context)
        self._raw = raw

    def read(self, use_numpy: bool | None = None) -> dict[str, Column]:
        BlockInfo().read(self.fin)
        n_columns, n_rows = read_varint(self.fin), read_varint(self.fin)
        block: dict[str, Column] = {}
        for _ in range(n_columns):
            name, kind = read_binary_str(self.fin), read_binary_str(self.fin)
            if n_rows:
                block[name] = columns.read(kind, n_rows, self.fin, self.context, raw=name in self._raw)
            else:
                dtype = columns.dtype_of(kind)
                block[name] = [] if dtype is None else np.empty(0, dtype)
        return block
