"""What workers of both kinds print at DEBUG while they can't connect: no secret is in it."""

from __future__ import annotations

import json
import socket
import sys
from dataclasses import replace
from pathlib import Path

from streams.settings import Secret, Settings
from tests.streams.process import READY_S, Process, killed_at_the_end

SECRETS = {
    "kafka_password": Secret("krokus-7f3a"),
    "model_key": Secret("malve-2c9d"),
    "http_token": Secret("hortensie-5e1b"),
}
CLICKHOUSE_PASSWORD = "clematis-8d4f"  # noqa: S105 - of the tests


def test_no_secret_is_printed(for_texts: Settings, tmp_path: Path) -> None:
    refused = replace(
        for_texts,
        clickhouse=Secret(for_texts.clickhouse.replace("default@", f"default:{CLICKHOUSE_PASSWORD}@")),
        log_level="DEBUG",
        outage_deadline_s=2.0,
        session_timeout_s=2.0,
        clickhouse_timeout_s=1.0,
        kafka_user="shop",
        http="127.0.0.1:0",
        **SECRETS,
    )
    with killed_at_the_end() as processes, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        nobody = f"127.0.0.1:{taken.getsockname()[1]}"
        gone = replace(
            refused, clickhouse=Secret(f"clickhouse://default:{CLICKHOUSE_PASSWORD}@{nobody}/shop"), log_format="json"
        )
        cases = {
            "clickhouse refuses": ("worker", refused),
            "clickhouse is gone": ("worker", gone),
            "kafka refuses": ("worker", replace(refused, kafka_security="SASL_PLAINTEXT", log_format="json")),
            "kafka is gone": ("text-worker", replace(refused, kafka_security="SASL_PLAINTEXT", kafka=nobody)),
        }
        for name, (command, settings) in cases.items():
            arguments = (sys.executable, "-m", "streams", command)
            processes.append(Process(arguments, settings.to_env(), tmp_path / f"{name}.log"))
        for process, (_, settings) in zip(processes, cases.values(), strict=True):
            assert process.wait(READY_S) > 0, process.text
            if settings.log_format == "json":
                told = [json.loads(line) for line in process.text.splitlines()]
                assert told[-1]["level"] == "CRITICAL", process.text
            leaks = [secret for secret in (*SECRETS.values(), CLICKHOUSE_PASSWORD) if secret in process.text]
            assert not leaks, process.log.name
