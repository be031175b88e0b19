"""A first run that isn't counted: numba compiles there what its cache lacks, which takes up to half a minute."""

from __future__ import annotations

from streams.bench.laboratory import Laboratory
from streams.bench.models import publish_models
from streams.bench.shop import Shop
from streams.bench.worker_run import run_worker

WARM_UP_EVENTS = 2_000


def warm_up(laboratory: Laboratory, *, users: int) -> None:
    settings = laboratory.settings(prefix="warm", database="warm")
    laboratory.produce(settings, Shop(users=users), WARM_UP_EVENTS)
    publish_models(settings, Shop(users=users))
    run_worker(settings, laboratory.folder, events=WARM_UP_EVENTS)
