"""How to reach the brokers: addresses, TLS and SASL, for Faust and for aiokafka's admin client."""

from __future__ import annotations

import ssl
from typing import Any

import faust
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from streams.errors import SettingError
from streams.settings import Settings


def broker_urls(settings: Settings) -> list[str]:
    return [f"kafka://{address}" for address in bootstrap_servers(settings)]


def bootstrap_servers(settings: Settings) -> list[str]:
    return [address.strip() for address in settings.kafka.split(",") if address.strip()]


def credentials(settings: Settings) -> faust.SASLCredentials | faust.SSLCredentials | None:
    """Raises :class:`SettingError` where a certificate or key can't be loaded."""
    context = _tls(settings) if settings.kafka_security.endswith("SSL") else None
    if settings.kafka_security.startswith("SASL"):
        return faust.SASLCredentials(
            username=settings.kafka_user,
            password=settings.kafka_password,
            mechanism=settings.kafka_sasl_mechanism,
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context else None


def aiokafka_auth(settings: Settings) -> dict[str, Any]:
    """Keyword arguments that all of aiokafka's clients take."""
    return dict(credentials_to_aiokafka_auth(credentials(settings)))


def _tls(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.kafka_ca or None)
        if settings.kafka_certificate:
            context.load_cert_chain(settings.kafka_certificate, settings.kafka_key or None)
    except OSError as error:
        names = "FOOTFALL_KAFKA_CA, FOOTFALL_KAFKA_CERTIFICATE or FOOTFALL_KAFKA_KEY"
        raise SettingError(f"{names} names a file that can't be used: {error}") from None
    return context
