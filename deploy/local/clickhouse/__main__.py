"""`python -m deploy.local.clickhouse`: serve one data folder until SIGTERM or SIGINT.

The password, if there is to be one, is read from the variable CLICKHOUSE_PASSWORD (others see arguments). The users of
`schemas.access` are there where their passwords are given as well, as CLICKHOUSE_PASSWORD_FOOTFALL_ANALYST and so on;
nobody connects without a password then.
"""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from deploy.local.clickhouse.account import Account, Accounts
from deploy.local.clickhouse.engine import Engine
from deploy.local.clickhouse.errors import EngineError
from deploy.local.clickhouse.http_server import HttpServer
from deploy.local.clickhouse.tcp_server import TcpServer
from deploy.local.clickhouse.watch import Watch
from schemas.access import RIGHTS

VARIABLE = "CLICKHOUSE_PASSWORD"

logger = logging.getLogger("deploy.local.clickhouse")


def main() -> int:
    options = _options()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    accounts = _accounts(options.user, os.environ)
    options.data.mkdir(parents=True, exist_ok=True)
    try:
        engine = Engine(options.data)
        watch = Watch(engine.kill)
        tcp = TcpServer(engine, accounts, watch, options.host, options.tcp_port)
        http = HttpServer(engine, accounts, watch, options.host, options.http_port)
    except (EngineError, OSError) as error:
        logger.error("can't start: %s", error)
        return 1
    for serve in (tcp.serve, http.serve_forever):
        threading.Thread(target=serve, daemon=True).start()
    logger.info("ClickHouse %s.%s.%s, TCP on %s", *engine.version, options.tcp_port)
    stop.wait()
    logger.info("stopping")
    http.shutdown()
    http.server_close()
    tcp.stop()
    watch.stop()
    engine.close()
    return 0


def _accounts(user: str, environ: Mapping[str, str]) -> Accounts:
    password = environ.get(VARIABLE, "")
    passwords = {name: environ.get(f"{VARIABLE}_{name.upper()}", "") for name in RIGHTS}
    found = [Account(user=name, password=given, rights=RIGHTS[name]) for name, given in passwords.items() if given]
    if password or not found:
        found.append(Account(user=user, password=password))
    return Accounts(found)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.local.clickhouse")
    parser.add_argument("--data", type=Path, required=True, help="the folder to keep tables in")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--tcp-port", type=int, default=9000)
    parser.add_argument("--http-port", type=int, default=8123)
    parser.add_argument("--user", default="default")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
