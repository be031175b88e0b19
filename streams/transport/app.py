"""The Faust app: its configuration, and one agent a topic that hands runs to the handler."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import faust
from mode.supervisors import CrashingSupervisor

from schemas.topics import TopicNames
from streams.settings import Settings
from streams.transport.consumer import Transport
from streams.transport.handler import RunHandler
from streams.transport.schema import RunSchema
from streams.transport.security import broker_urls, credentials
from streams.transport.tables import TableManager
from streams.transport.topics import check_partition_counts, wait_for_topics

BUFFERED_RUNS = 4
"""Runs of a topic that wait between the fetch and the handler."""
FINISH_S = 6.0
"""How long the handler may finish after a signal, of the time that leaving may take in all: the acks are committed and
the group is left afterwards."""
POLL_S = 60.0
"""Beyond all that the scoring workers need."""


log = logging.getLogger(__name__)


class App(faust.App):
    """Made by :func:`create_app`."""

    logger = logging.getLogger("faust.app")
    consumer: Any
    _consumer: Any

    def __init__(
        self,
        settings: Settings,
        topics: Sequence[str],
        handler: RunHandler,
        *,
        beside: Sequence[str],
        poll_s: float,
        **config: Any,
    ) -> None:
        self.settings = settings
        self.handler = handler
        self.names = TopicNames(prefix=settings.topic_prefix)
        self.input_topics = tuple(topics)
        self._beside = tuple(beside)
        self.poll_s = poll_s
        self.run_topics = frozenset(map(self.names.on_broker, topics))
        super().__init__(settings.group, **config)

    def check_partition_counts(self, counts: Mapping[str, int]) -> None:
        check_partition_counts(counts, self.names, self.input_topics)

    async def on_start(self) -> None:
        check_partition_counts(await wait_for_topics(self.settings), self.names, (*self.input_topics, *self._beside))
        await super().on_start()

    async def on_stop(self) -> None:
        """Once the flow has stopped, the handler may finish; its last acks are committed when the consumer stops."""
        await super().on_stop()
        if self._consumer is not None:
            await self._consumer.end_announcement()
        if self.crashed:
            await self.handler.on_failure()
            return
        try:
            async with asyncio.timeout(FINISH_S):
                await self.handler.on_stop()
        except TimeoutError:
            log.warning("not all was written within %.0f s; what wasn't comes again", FINISH_S)
            await self.handler.on_failure()
        except Exception as error:
            await self.crash(error)

    def _new_transport(self) -> Transport:
        return Transport(self.conf.broker_consumer, self)

    def _on_rebalance_when_stopped(self) -> None:
        """Faust closes the consumer's sockets here, from the wrong event loop. It is being stopped anyway."""

    def _create_directories(self) -> None:
        """Nothing is kept on disk."""


def create_app(
    settings: Settings,
    *,
    topics: Sequence[str],
    handler: RunHandler,
    beside: Sequence[str] = (),
    poll_s: float = POLL_S,
    elect_leader: bool = False,
) -> faust.App:
    """A Faust app that reads ``topics`` in runs. Opens nothing until it is started.

    Parameters
    ----------
    topics
        Names in the contract.
    handler
        Receives the runs.
    beside
        Other topics that have to be there, those of a profile with as many partitions as the ones that are read.
    poll_s
        How long the handler may take, on top of an outage, to work through what one poll brings: a whole answer of the
        broker, of up to 50 MB. A worker that takes longer is out of the group.
    elect_leader
        Let ``@app.task(on_leader=True)`` work, by a topic of one partition that Faust creates.

    """
    app = App(
        settings,
        topics,
        handler,
        beside=beside,
        poll_s=poll_s,
        # Faust prefers the environment to its arguments; no variable starts like this.
        env_prefix="FOOTFALL_FAUST_",
        autodiscover=False,
        broker=broker_urls(settings),
        broker_credentials=credentials(settings),
        broker_client_id=settings.group,
        broker_commit_interval=settings.commit_interval_s,
        broker_max_poll_records=settings.batch_records,
        broker_session_timeout=settings.session_timeout_s,
        producer_acks=-1,
        # aiokafka gives a message up after this time.
        producer_request_timeout=settings.outage_deadline_s,
        stream_buffer_maxsize=BUFFERED_RUNS,
        stream_wait_empty=False,
        processing_guarantee="at_least_once",
        store="memory://",
        topic_allow_declare=elect_leader,
        topic_disable_leader=not elect_leader,
        topic_replication_factor=settings.replication,
        web_enabled=False,
        agent_supervisor=CrashingSupervisor,
        TableManager=TableManager,
        worker_redirect_stdouts=False,
    )
    for topic in topics:
        _add_agent(app, topic)
    return app


def _add_agent(app: App, topic: str) -> None:
    channel = app.topic(app.names.on_broker(topic), schema=RunSchema(), acks=False)

    async def deliver(stream: Any) -> None:
        async for event in stream.noack().events():
            run = app.consumer.deliver(topic, event.message.partition, event.value)
            if run is not None:
                await app.handler.on_run(run)

    app.agent(channel, name=f"deliver-{topic}")(deliver)
