"""One connection of ClickHouse's native protocol, from hello to the end."""

import logging
import socket
import struct
from contextlib import suppress
from dataclasses import replace

from deploy.local.clickhouse import blocks, packets
from deploy.local.clickhouse.account import Accounts
from deploy.local.clickhouse.column_types import extent_of
from deploy.local.clickhouse.engine import Engine
from deploy.local.clickhouse.errors import QUERY_WAS_CANCELLED, Disconnected, EngineError
from deploy.local.clickhouse.exchange import Incoming, Outgoing
from deploy.local.clickhouse.packets import FromClient, Query
from deploy.local.clickhouse.session import Session
from deploy.local.clickhouse.statements import StreamedInsert, is_select, streamed_insert, without_format
from deploy.local.clickhouse.watch import Watch, peek
from deploy.local.clickhouse.wire import Reader

logger = logging.getLogger(__name__)

CANCEL = bytes([FromClient.CANCEL])
RECEIVE_BYTES = 1 << 18
# As ClickHouse's send_timeout: a client that takes nothing for so long is given up.
SEND_TIMEOUT_S = 300


class Client:
    """Serves one client on the thread that calls `serve`."""

    def __init__(self, connected: socket.socket, engine: Engine, accounts: Accounts, watch: Watch) -> None:
        self._socket = connected
        self._engine = engine
        self._accounts = accounts
        self._watch = watch
        self._received = bytearray(RECEIVE_BYTES)
        self._reader = Reader(self._receive)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_TIMEOUT_S, 0))

    def serve(self) -> None:
        with self._socket:
            try:
                session = self._welcome()
            except EngineError as error:
                self.refuse(error)
                return
            except (Disconnected, OSError) as error:
                logger.info("no hello: %s", error)
                return
            try:
                self._converse(session)
            except (Disconnected, OSError) as error:
                logger.debug("a client left: %s", error)
            finally:
                session.close()

    def refuse(self, error: EngineError) -> None:
        with self._socket, suppress(OSError):
            self._socket.sendall(packets.exception(error))

    def stop_reading(self) -> None:
        """Let `serve` see the client's end once what is under way is answered."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RD)

    def _receive(self) -> memoryview:
        count = self._socket.recv_into(self._received)
        if not count:
            raise Disconnected("it closed the connection")
        return memoryview(self._received)[:count]

    def _ahead(self) -> bytes | None:
        """The next byte the client sent; b"" if it has left, None if it waits. Doesn't block, takes nothing."""
        return self._reader.arrived() or peek(self._socket)

    def _unwanted(self) -> bool:
        return self._ahead() in (b"", CANCEL)

    def _welcome(self) -> Session:
        greeting = packets.read_hello(self._reader)
        self._reader.forget()
        session = self._engine.session(self._accounts.admit(greeting.user, greeting.password))
        try:
            if greeting.database:
                session.use(greeting.database)
            engine = self._engine
            self._socket.sendall(packets.hello(engine.version, engine.timezone, engine.host))
        except (EngineError, OSError):
            session.close()
            raise
        return session

    def _converse(self, session: Session) -> None:
        while True:
            match self._reader.varint():
                case FromClient.PING:
                    self._socket.sendall(packets.PONG)
                case FromClient.QUERY:
                    self._answer(session, packets.read_query(self._reader))
                case FromClient.CANCEL:
                    pass  # of a query that had ended already
                case other:
                    raise Disconnected(f"packet {other} out of turn")
            self._reader.forget()

    def _answer(self, session: Session, query: Query) -> None:
        self._reader.forget()
        incoming = Incoming(self._reader, compressed=query.compressed)
        outgoing = Outgoing(self._socket, compressed=query.compressed)
        try:
            try:
                session.apply(query.settings, query.query_id)
                for name, block in incoming.blocks():
                    session.external(name, block)
                if insert := streamed_insert(query.sql):
                    self._insert(session, insert, incoming, outgoing)
                else:
                    self._select(session, query.sql, outgoing)
            finally:
                session.drop_externals()
        except EngineError as error:
            # What the client is still sending must be taken first, or it would never look at the answer.
            incoming.drain()
            self._socket.sendall(packets.exception(error))

    def _select(self, session: Session, sql: str, outgoing: Outgoing) -> None:
        sql = without_format(sql)
        n_rows = n_blocks = size = 0
        try:
            with self._watch.over(self._unwanted, session.tag):
                for block in session.select(sql):
                    if not n_blocks:
                        outgoing.send(blocks.header(block.columns))
                    outgoing.send(block.body)
                    n_rows += block.rows
                    n_blocks += 1
                    size += len(block.body)
                    self._socket.sendall(packets.progress(rows=block.rows, size=len(block.body)))
                    if self._unwanted():
                        raise EngineError(QUERY_WAS_CANCELLED, "DB::Exception: Query was cancelled")
        except EngineError as error:
            # Who cancels waits for the end of the stream, not for an error.
            if error.code != QUERY_WAS_CANCELLED or self._ahead() != CANCEL:
                raise
        else:
            if not n_blocks and is_select(sql):
                # WITH may begin an INSERT, too, which has no columns to tell.
                with suppress(EngineError):
                    outgoing.send(blocks.header(session.columns_of(sql)))
        profile = packets.profile_info(rows=n_rows, blocks=n_blocks, size=size)
        self._socket.sendall(profile + packets.END_OF_STREAM)

    def _insert(self, session: Session, insert: StreamedInsert, incoming: Incoming, outgoing: Outgoing) -> None:
        columns = session.columns_for(insert)
        for _, spec in columns:
            extent_of(spec)  # refused now, since rows that can't be walked would end the connection
        n_rows = size = 0
        with session.insert(replace(insert, format="Native")) as rows:
            outgoing.send(blocks.header(columns))
            incoming.expect_more()
            for _, block in incoming.blocks():
                rows.append(block.body)
                n_rows += block.rows
                size += len(block.body)
            rows.finish()
        written = packets.progress(rows=0, size=0, written_rows=n_rows, written_bytes=size)
        self._socket.sendall(written + packets.END_OF_STREAM)
