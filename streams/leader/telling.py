"""What a duty tells operators: alerts about Footfall itself."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.alerts import SYSTEM_COLUMNS, SystemAlert
from schemas.topics import ALERTS_SYSTEM, TopicNames
from streams.clickhouse.writer import Writer
from streams.settings import Settings
from streams.worker.delivery import Delivery, Message


def tell(alerts: Sequence[SystemAlert], settings: Settings, writer: Writer, delivery: Delivery) -> None:
    """Into their table and to their topic; returns once they are there. Told again they are the same by their ids."""
    if not alerts:
        return
    columns = {name: [getattr(alert, name) for alert in alerts] for name in SYSTEM_COLUMNS}
    first = alerts[0]
    writer.insert("system_alerts", columns, token=f"system_alerts-{first.alert_id}-{first.raised_ms}")
    topic = TopicNames(prefix=settings.topic_prefix).on_broker(ALERTS_SYSTEM)
    messages = [Message(topic, alert.model.encode(), alert.to_json()) for alert in alerts]
    delivery.send(messages).result(settings.outage_deadline_s)
