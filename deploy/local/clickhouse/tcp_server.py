"""Accepts clients of the native protocol, each on a thread of its own."""

import socket
import threading
import time

from deploy.local.clickhouse.account import Accounts
from deploy.local.clickhouse.client import Client
from deploy.local.clickhouse.engine import Engine
from deploy.local.clickhouse.errors import TOO_MANY_CONNECTIONS, EngineError
from deploy.local.clickhouse.watch import Watch

MAX_CLIENTS = 256
# How long inserts that are being finished may take after the server was asked to stop.
STOP_TIMEOUT_S = 10


class TcpServer:
    """Listens as soon as it is made.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, engine: Engine, accounts: Accounts, watch: Watch, host: str, port: int) -> None:
        self._listener = socket.create_server((host, port), backlog=MAX_CLIENTS)
        self._engine = engine
        self._accounts = accounts
        self._watch = watch
        self._clients: dict[threading.Thread, Client] = {}

    def serve(self) -> None:
        """Accept clients until `stop`."""
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            client = Client(accepted, self._engine, self._accounts, self._watch)
            if len(self._clients) >= MAX_CLIENTS:
                client.refuse(EngineError(TOO_MANY_CONNECTIONS, "DB::Exception: Too many clients"))
                continue
            thread = threading.Thread(target=self._serve_one, args=(client,), daemon=True)
            self._clients[thread] = client
            thread.start()

    def _serve_one(self, client: Client) -> None:
        try:
            client.serve()
        finally:
            del self._clients[threading.current_thread()]

    def stop(self) -> None:
        """Stop what is being read, let what is being written end, close everything."""
        # shutdown wakes the thread in accept(), which close alone doesn't.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        deadline = time.monotonic() + STOP_TIMEOUT_S
        clients = self._clients.copy()  # those that leave take themselves out
        for client in clients.values():
            client.stop_reading()
        for thread in clients:
            thread.join(timeout=max(0.0, deadline - time.monotonic()))
