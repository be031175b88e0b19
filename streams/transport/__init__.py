"""Faust at the granularity of record batches: runs of records in, acknowledged offsets out.

app = create_app(settings, topics=INPUTS, handler=pipeline)     # pipeline: a RunHandler
sys.exit(run_worker(app))
"""

from streams.transport.app import create_app
from streams.transport.connections import use_clean_connections
from streams.transport.handler import Partitions, RunHandler
from streams.transport.run import RecordRun
from streams.transport.topics import describe, ensure_topics
from streams.transport.worker import run_worker

__all__ = ["Partitions", "RecordRun", "RunHandler", "create_app", "describe", "ensure_topics", "run_worker"]

use_clean_connections()
