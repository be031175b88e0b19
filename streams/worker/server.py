"""HTTP in a worker: probes and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from streams.http.answers import errors_in_json
from streams.http.probes import probes
from streams.metrics import services
from streams.metrics.exposition import Exposition
from streams.settings import Settings
from streams.transport.consumer_thread import End
from streams.worker.claims import TopicPartition
from streams.worker.health import STALLED_S, Health
from streams.worker.metrics import WorkerMetrics
from streams.worker.pipeline import Pipeline


def server(pipeline: Pipeline, app: Any, settings: Settings) -> web.Application:
    """To be served by :func:`streams.http.serving.serving`, also before ``app``, Faust's, has been started."""

    def ends() -> Mapping[TopicPartition, End]:
        found: Mapping[TopicPartition, End] = app.consumer.ends() if pipeline.figures.is_assigned else {}
        return found

    health = Health(pipeline.figures, ends, stalled_s=settings.outage_deadline_s + STALLED_S)
    exposed = Exposition(WorkerMetrics(pipeline, ends).collect, services.collect)
    made = web.Application(middlewares=[errors_in_json])
    made.add_routes(probes(health, exposed, token=settings.http_token))
    return made
