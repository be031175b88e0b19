"""Kafka's requests for administrators."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaError

from streams.errors import Retryable
from streams.settings import Settings
from streams.transport.security import aiokafka_auth, bootstrap_servers

REQUEST_TIMEOUT_MS = 10_000


@asynccontextmanager
async def administering(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """aiokafka's client for them; what fails of its requests is raised as ``Retryable``."""
    admin = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap_servers(settings),
        client_id=settings.group,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        **aiokafka_auth(settings),
    )
    try:
        await admin.start()
        yield admin
    except (KafkaError, OSError, TimeoutError) as error:
        reason = "" if isinstance(error, KafkaConnectionError) else f": {error or type(error).__name__}"
        raise Retryable(f"Kafka at {settings.kafka} ({settings.kafka_security}) doesn't answer{reason}") from error
    finally:
        await admin.close()
