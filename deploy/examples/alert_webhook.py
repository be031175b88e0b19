"""Posts alerts to a webhook, at least once each: a consumer to start from. It needs aiokafka and aiohttp alone.

    ALERT_WEBHOOK_URL=https://hooks.example.com/T0/B1 python alert_webhook.py --kafka broker:9092

The body is the alert as on its topic; ``footfall schema alerts`` describes it. Each post has the ``alert_id`` as its
``Idempotency-Key``: an alert that comes again is left out while this process remembers it, and after a restart the
webhook may tell a repeat by the key. What fails for now (no answer, 408, 425, 429, 5xx) is tried again until the
deadline, after a pause that doubles and is drawn at random, or a longer one that ``Retry-After`` asks for. What won't
do goes to a topic of dead letters, with the reason, and so does what isn't an alert. An offset is committed once the
webhook or the dead letters' topic has the alert, so a crash anywhere loses none. SIGTERM lets the post in hand end,
and tries no other.

From the environment, since they are secret: ``ALERT_WEBHOOK_URL``, ``ALERT_WEBHOOK_TOKEN`` (sent as a bearer token, may
be empty), ``KAFKA_USER`` and ``KAFKA_PASSWORD`` (of SASL). None of them is ever logged, nor is whom an alert is about.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import logging
import os
import random
import signal
import ssl
import sys
import time
from collections import OrderedDict
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

REMEMBERED = 100_000
"""Alerts of which a repeat is left out."""
POST_TIMEOUT_S = 10.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
FOR_NOW = {408, 425, 429}
"""Client errors that may pass; so may all of the server's."""

log = logging.getLogger("alert-webhook")


class Refused(Exception):
    """The webhook won't take this alert. The message is the reason."""


class Stopped(Exception):
    """Asked to end before the webhook had the alert: whoever comes next posts it."""


class Webhook:
    """Posts, and tries again what may succeed later."""

    def __init__(self, http: aiohttp.ClientSession, url: str, *, deadline_s: float, stop: asyncio.Event) -> None:
        self._http, self._url, self._deadline_s, self._stop = http, url, deadline_s, stop

    async def post(self, alert_id: str, body: bytes) -> None:
        """Returns once the webhook has it. Raises ``Refused`` and ``Stopped``."""
        give_up_at = time.monotonic() + self._deadline_s
        longest_s = FIRST_PAUSE_S
        while True:
            why, asked_s = await self._attempt(alert_id, body)
            if not why:
                return
            pause_s = max(asked_s, random.uniform(longest_s / 2, longest_s))  # noqa: S311 - not for secrecy
            if time.monotonic() + pause_s > give_up_at:
                raise Refused(f"{why}, and no success within {self._deadline_s:g} s")
            log.info("%s: %s, again in %.1f s", alert_id, why, pause_s)
            try:
                await asyncio.wait_for(self._stop.wait(), pause_s)
            except TimeoutError:
                longest_s = min(2 * longest_s, LONGEST_PAUSE_S)
            else:
                raise Stopped

    async def _attempt(self, alert_id: str, body: bytes) -> tuple[str, float]:
        """Why it failed, empty if it didn't, and the seconds that the webhook asks to wait."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": alert_id}
        try:
            # A redirection would take the token elsewhere.
            async with self._http.post(self._url, data=body, headers=headers, allow_redirects=False) as response:
                status, asked = response.status, response.headers.get("Retry-After", "")
        except (aiohttp.ClientError, TimeoutError) as error:
            return type(error).__name__, 0.0  # its text may hold the URL
        if 200 <= status < 300:
            return "", 0.0
        if status < 500 and status not in FOR_NOW:
            raise Refused(f"HTTP {status}")
        return f"HTTP {status}", retry_after_s(asked)


def retry_after_s(header: str) -> float:
    """Seconds or a date; 0 where it is neither.

    >>> retry_after_s("7"), retry_after_s("soon"), retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT")
    (7.0, 0.0, 0.0)
    """
    if header.isascii() and header.isdigit():
        return float(header)
    try:
        return max(parsedate_to_datetime(header).timestamp() - time.time(), 0.0)
    except ValueError:
        return 0.0


async def handle(
    record: Any, webhook: Webhook, seen: OrderedDict[str, None], letters: AIOKafkaProducer, to: str
) -> None:
    """Returns once the webhook or the dead letters' topic has the alert; at once where the alert is a repeat."""
    alert_id = ""
    try:
        alert_id = id_of(record.value)
        if alert_id in seen:
            return
        await webhook.post(alert_id, record.value)
    except Refused as refused:
        letter = {
            "alert_id": alert_id,
            "reason": str(refused),
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "failed_ms": time.time_ns() // 1_000_000,
            "value": base64.b64encode(record.value or b"").decode(),
        }
        await letters.send_and_wait(to, json.dumps(letter).encode(), key=record.key)
        log.warning("%s, partition %d, offset %d: %s", record.topic, record.partition, record.offset, refused)
    if alert_id:
        seen[alert_id] = None
        if len(seen) > REMEMBERED:
            seen.popitem(last=False)


def id_of(value: bytes | None) -> str:
    try:
        alert = json.loads(value or b"")
    except ValueError:
        raise Refused("not JSON") from None
    alert_id = alert.get("alert_id") if isinstance(alert, dict) else None
    if not isinstance(alert_id, str) or not alert_id.isascii() or not alert_id.isprintable() or not alert_id:
        raise Refused("no alert_id")
    return alert_id


async def consume(options: argparse.Namespace, environ: Mapping[str, str], stop: asyncio.Event) -> None:
    kafka = kafka_arguments(options, environ)
    token = environ.get("ALERT_WEBHOOK_TOKEN", "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    timeout = aiohttp.ClientTimeout(total=POST_TIMEOUT_S)
    consumer = AIOKafkaConsumer(
        *options.topics.split(","),
        group_id=options.group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=round(options.session_timeout * 1000),
        heartbeat_interval_ms=round(options.session_timeout * 1000 / 4),
        max_poll_interval_ms=round((options.deadline + 60) * 1000),
        **kafka,
    )
    letters = AIOKafkaProducer(acks="all", **kafka)
    seen = OrderedDict[str, None]()
    try:
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as http:
            webhook = Webhook(http, environ["ALERT_WEBHOOK_URL"], deadline_s=options.deadline, stop=stop)
            await letters.start()
            await letters.partitions_for(options.dead_letters)  # if it isn't there, this is the time to say so
            await consumer.start()
            log.info("Following %s as %s", options.topics, options.group)
            while not stop.is_set():
                for partition, records in (await consumer.getmany(timeout_ms=500, max_records=1)).items():
                    for record in records:
                        await handle(record, webhook, seen, letters, options.dead_letters)
                        await commit(consumer, partition, record.offset + 1)
    except Stopped:
        log.info("Ended before an alert was delivered: it stays for the next process")
    finally:
        await consumer.stop()
        await letters.stop()


async def commit(consumer: AIOKafkaConsumer, partition: TopicPartition, offset: int) -> None:
    try:
        await consumer.commit({partition: offset})
    except (CommitFailedError, IllegalStateError):
        log.info("%s, partition %d went to another member, which may repeat an alert", *partition)


def kafka_arguments(options: argparse.Namespace, environ: Mapping[str, str]) -> dict[str, Any]:
    return {
        "bootstrap_servers": options.kafka,
        "security_protocol": options.security,
        "ssl_context": ssl.create_default_context() if options.security.endswith("SSL") else None,
        "sasl_mechanism": options.sasl_mechanism,
        "sasl_plain_username": environ.get("KAFKA_USER"),
        "sasl_plain_password": environ.get("KAFKA_PASSWORD"),
    }


def parsed(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Post alerts to the webhook ALERT_WEBHOOK_URL, at least once each.")
    parser.add_argument("--kafka", default="127.0.0.1:9092", help="host:port, separated by commas")
    parser.add_argument("--security", default="PLAINTEXT", choices=["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"])
    parser.add_argument("--sasl-mechanism", default="PLAIN", choices=["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
    parser.add_argument("--topics", default="alerts.fraud,alerts.churn", help="separated by commas")
    parser.add_argument("--dead-letters", default="alerts.webhook-dead-letters", help="topic for what wasn't posted")
    parser.add_argument("--group", default="alert-webhook", help="consumer group")
    parser.add_argument("--deadline", type=float, default=300.0, help="seconds in which one alert must be taken")
    parser.add_argument("--session-timeout", type=float, default=10.0, help="seconds until a dead member is given up")
    return parser.parse_args(words)


def is_url(text: str) -> bool:
    try:
        url = urlsplit(text)
    except ValueError:
        return False
    return url.scheme in ("http", "https") and bool(url.hostname)


async def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await consume(options, environ, stop)
    except (KafkaError, OSError) as error:
        log.error("Kafka failed: %s", error)
        return 1
    return 0


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    options = parsed(sys.argv[1:])
    if not is_url(os.environ.get("ALERT_WEBHOOK_URL", "")):
        log.error("ALERT_WEBHOOK_URL must be an http or https URL")
        return 2
    return asyncio.run(run(options, os.environ))


if __name__ == "__main__":
    sys.exit(main())
