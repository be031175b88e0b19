"""Learners as processes of their own, each forked from one that has imported River already."""

from __future__ import annotations

import multiprocessing
from multiprocessing.process import BaseProcess

from models.catalogue import MODELS
from streams.learner.rounds import learner_rounds
from streams.settings import Settings
from tests.faults.load import clock_ms


def learn_all(settings: Settings, model: str, batch_examples: int) -> None:
    """Rounds back to back, until nothing is left to learn."""
    rounds = learner_rounds(MODELS[model], settings, clock_ms=clock_ms, batch_examples=batch_examples)
    while rounds.run_once().learnt:
        pass
    rounds.close()


def learner_process(settings: Settings, model: str, *, batch_examples: int) -> BaseProcess:
    """Started."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "models.learning"])
    process = context.Process(target=learn_all, args=(settings, model, batch_examples), daemon=True)
    process.start()
    return process
