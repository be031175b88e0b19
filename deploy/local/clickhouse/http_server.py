"""ClickHouse's HTTP interface, as far as curl, Grafana and scripts want it: https://clickhouse.com/docs/interfaces/http

A result is held in memory until it is sent, unlike over TCP: this is for people's queries.
"""

import base64
import binascii
import gzip
import logging
import uuid
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from deploy.local.clickhouse.account import Accounts
from deploy.local.clickhouse.engine import Engine
from deploy.local.clickhouse.errors import ACCESS_DENIED, AUTHENTICATION_FAILED, READONLY, Disconnected, EngineError
from deploy.local.clickhouse.packets import Setting
from deploy.local.clickhouse.session import Session
from deploy.local.clickhouse.statements import reads_only, streamed_insert
from deploy.local.clickhouse.watch import Watch, peek
from schemas.access import Rights

logger = logging.getLogger(__name__)

# Codes of `system.errors` that are the caller's fault; as ClickHouse maps them in `HTTPHandler.cpp`.
_STATUS = {
    **dict.fromkeys((6, 27, 36, 38, 41, 43, 53, 62, 115, 130, 131, 386, 456), HTTPStatus.BAD_REQUEST),
    **dict.fromkeys((16, 46, 47, 60, 81), HTTPStatus.NOT_FOUND),
    **dict.fromkeys((READONLY, ACCESS_DENIED, AUTHENTICATION_FAILED), HTTPStatus.FORBIDDEN),
}
# In the URL beside the settings.
_NOT_SETTINGS = {
    "query",
    "database",
    "default_format",
    "user",
    "password",
    "query_id",
    "session_id",
    "compress",
}
PART_BYTES = 1 << 20
# A keep-alive connection that is silent for so long is closed.
IDLE_TIMEOUT_S = 60


class HttpServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, engine: Engine, accounts: Accounts, watch: Watch, host: str, port: int) -> None:
        self.engine = engine
        self.watch = watch
        self.accounts = accounts
        super().__init__((host, port), Handler)


class Handler(BaseHTTPRequestHandler):
    """One connection. Each has a session of its own, opened by its first query and kept for the same user's."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_TIMEOUT_S
    server: HttpServer
    _session: Session | None = None

    def do_GET(self) -> None:
        if urlsplit(self.path).path in ("/ping", "/replicas_status") or "query=" not in self.path:
            self._reply(HTTPStatus.OK, b"Ok.\n", {})
        else:
            self._serve(changes=False)

    def do_POST(self) -> None:
        self._serve(changes=True)

    def _serve(self, *, changes: bool) -> None:
        try:
            self._respond(changes=changes)
        except (Disconnected, OSError) as error:
            logger.info("no answer: %s", error)
            self.close_connection = True

    def _respond(self, *, changes: bool) -> None:
        url = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        query_id = url.get("query_id") or str(uuid.uuid4())
        headers = {"X-ClickHouse-Query-Id": query_id}
        body = self._body()
        try:
            session = self._prepared(self._admitted(url), url, query_id)
            with self.server.watch.over(lambda: peek(self.connection) == b"", session.tag):
                printed, format_name = _answer(session, url, body, changes=changes)
        except EngineError as error:
            for _ in body:  # or the next request of this connection would begin amid it
                pass
            headers["X-ClickHouse-Exception-Code"] = str(error.code)
            status = _STATUS.get(error.code, HTTPStatus.INTERNAL_SERVER_ERROR)
            self._reply(status, f"{error}\n".encode(), headers)
        else:
            headers["X-ClickHouse-Format"] = format_name
            headers["X-ClickHouse-Timezone"] = self.server.engine.timezone
            self._reply(HTTPStatus.OK, printed, headers)

    def _admitted(self, url: dict[str, str]) -> Rights:
        user = self.headers.get("X-ClickHouse-User") or url.get("user", "default")
        password = self.headers.get("X-ClickHouse-Key") or url.get("password", "")
        scheme, _, credentials = self.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            try:
                user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                user = ""
        return self.server.accounts.admit(user, password)

    def _prepared(self, rights: Rights, url: dict[str, str], query_id: str) -> Session:
        if self._session and self._session.rights != rights:  # the connection is somebody else's now
            self._session.close()
            self._session = None
        if self._session is None:
            self._session = self.server.engine.session(rights)
        named = {key: value for key, value in url.items() if key not in _NOT_SETTINGS}
        settings = {key: Setting(value, True) for key, value in named.items() if not key.startswith("param_")}
        self._session.apply(settings, query_id)
        database = self.headers.get("X-ClickHouse-Database") or url.get("database") or "default"
        if database != self._session.database:
            self._session.use(database)
        return self._session

    def _body(self) -> Iterator[bytes]:
        """Yield the body in parts."""
        parts = self._chunks() if self.headers.get("Transfer-Encoding") == "chunked" else self._counted()
        if self.headers.get("Content-Encoding") == "gzip":
            yield gzip.decompress(b"".join(parts))
        else:
            yield from parts

    def _counted(self) -> Iterator[bytes]:
        left = int(self.headers.get("Content-Length") or 0)
        while left:
            part = self._exactly(min(left, PART_BYTES))
            left -= len(part)
            yield part

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().partition(b";")[0] or b"-1", 16):
            yield self._exactly(size)
            self.rfile.readline()
        self.rfile.readline()

    def _exactly(self, size: int) -> bytes:
        part = self.rfile.read(size) if size > 0 else b""
        if len(part) != size:
            raise Disconnected("a client left amid its request")
        return part

    def _reply(self, status: HTTPStatus, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/plain; charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def finish(self) -> None:
        if self._session is not None:
            self._session.close()
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        logger.debug(format, *args)


def _answer(session: Session, url: dict[str, str], body: Iterator[bytes], *, changes: bool) -> tuple[bytes, str]:
    """Run what the URL, the body, or both ask for: (output, its format if the query names none)."""
    query = url.get("query", "")
    if not changes and not reads_only(query):
        raise EngineError(READONLY, "DB::Exception: Cannot execute query in readonly mode: use POST (READONLY)")
    output_format = url.get("default_format", "TabSeparated")
    params = {key.removeprefix("param_"): value for key, value in url.items() if key.startswith("param_")}
    if insert := streamed_insert(query):
        with session.insert(insert) as rows:
            for part in body:
                rows.append(part)
            rows.finish()
        return b"", output_format
    sql = "\n".join(filter(None, (query, b"".join(body).decode(errors="replace"))))
    return session.run(sql, output_format, params), output_format
