"""``footfall bench text``: reviews a second through the engine, through transformers' pipeline, and one at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from logging import CRITICAL
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from transformers import PreTrainedModel, pipeline
from transformers.modeling_outputs import SequenceClassifierOutput
from transformers.utils import logging

from models.text.engine import TextEngine
from models.text.heads import Sentiment
from models.text.model import ReviewModel
from streams.errors import Invalid

PIPELINE_BATCH = 32

Probabilities = npt.NDArray[np.float32]  # (n, 3)


@dataclass(frozen=True, kw_only=True)
class TextResult:
    """Medians of rounds in which all took their turn."""

    texts: int
    one_by_one: int
    """Texts that were read one at a time: the first ones."""
    rounds: int
    texts_per_s: float
    tokens_per_s: float
    pipeline_texts_per_s: float
    one_by_one_texts_per_s: float
    ratio: float
    """Of the engine to the pipeline, within a round."""
    cpu_ratio: float
    """The same of the time of all cores, which is less disturbed by what else runs."""
    padding_share: float
    agreement: float
    """Share of texts whose most probable class is the pipeline's."""
    largest_difference: float
    """Of any probability to the pipeline's."""
    tier: str
    model: str
    device: str
    threads: int

    def to_json(self) -> dict[str, Any]:
        return {
            "texts": self.texts,
            "rounds": self.rounds,
            "texts_per_s": round(self.texts_per_s, 1),
            "tokens_per_s": round(self.tokens_per_s),
            "pipeline_texts_per_s": round(self.pipeline_texts_per_s, 1),
            "one_by_one_texts_per_s": round(self.one_by_one_texts_per_s, 1),
            "ratio_vs_pipeline": round(self.ratio, 2),
            "cpu_ratio_vs_pipeline": round(self.cpu_ratio, 2),
            "padding_share": round(self.padding_share, 4),
            "agreement": round(self.agreement, 4),
            "largest_difference": round(self.largest_difference, 5),
            "tier": self.tier,
            "model": self.model,
            "device": self.device,
            "threads": self.threads,
        }


@dataclass(frozen=True)
class _Turn:
    wall_s: float
    cpu_s: float
    probabilities: Probabilities


def measure_text(
    model: ReviewModel, texts: Sequence[str], *, one_by_one: int, rounds: int, device: str, precision: str
) -> TextResult:
    """``texts`` must differ: the engine would score the same one once. Raises ``Invalid`` for a wrong device."""
    try:
        engine = TextEngine(model, device=device, precision=precision, cache=0)
    except ValueError as error:
        raise Invalid(str(error)) from None
    threads = torch.get_num_threads()
    with closing(engine):
        plain = _pipeline(model, engine)
        for warm_up in (engine.score, plain, _alone(model)):
            warm_up(texts[:PIPELINE_BATCH])
        before = engine.figures
        turns = []
        for _ in range(rounds):
            ours = _turn(lambda: _sentiment(engine.score(texts).columns))
            turns.append((ours, _turn(lambda: plain(texts)), _turn(lambda: _alone(model)(texts[:one_by_one]))))
        figures = engine.figures
    tokens = (figures.tokens - before.tokens) / rounds
    ours, theirs, _ = turns[0]
    return TextResult(
        texts=len(texts),
        one_by_one=one_by_one,
        rounds=rounds,
        texts_per_s=len(texts) / median(ours.wall_s for ours, _, _ in turns),
        tokens_per_s=tokens / median(ours.wall_s for ours, _, _ in turns),
        pipeline_texts_per_s=len(texts) / median(theirs.wall_s for _, theirs, _ in turns),
        one_by_one_texts_per_s=one_by_one / median(alone.wall_s for _, _, alone in turns),
        ratio=median(theirs.wall_s / ours.wall_s for ours, theirs, _ in turns),
        cpu_ratio=median(theirs.cpu_s / ours.cpu_s for ours, theirs, _ in turns),
        padding_share=figures.padding_share,
        agreement=float((ours.probabilities.argmax(axis=1) == theirs.probabilities.argmax(axis=1)).mean()),
        largest_difference=float(np.abs(ours.probabilities - theirs.probabilities).max()),
        tier=engine.precision,
        model=model.name,
        device=engine.device.type,
        threads=threads,
    )


def _turn(score: Callable[[], Probabilities]) -> _Turn:
    wall, cpu = time.perf_counter(), time.process_time()
    probabilities = score()
    return _Turn(time.perf_counter() - wall, time.process_time() - cpu, probabilities)


class _Classifier(PreTrainedModel):  # type: ignore[misc]
    """The encoder with the head of sentiment, as pipelines know classifiers."""

    def __init__(self, model: ReviewModel) -> None:
        config = type(model.encoder.config).from_dict(
            {**model.encoder.config.to_dict(), "id2label": dict(enumerate(Sentiment.columns))}
        )
        super().__init__(config)
        self.review_model = model

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None
    ) -> SequenceClassifierOutput:
        return SequenceClassifierOutput(logits=self.review_model(input_ids, attention_mask)[Sentiment.name])


def _pipeline(model: ReviewModel, engine: TextEngine) -> Callable[[Sequence[str]], Probabilities]:
    """As anyone would call it: fp32, texts as they come, 32 at a time."""
    # The pipeline complains of a classifier that it doesn't know by name.
    logging.set_verbosity(CRITICAL)
    classify: Any = pipeline(
        "text-classification", model=_Classifier(model), tokenizer=model.tokenizer, device=engine.device, top_k=None
    )

    def score(texts: Sequence[str]) -> Probabilities:
        found = classify(list(texts), batch_size=PIPELINE_BATCH, truncation=True, max_length=model.limit)
        by_label = [{one["label"]: one["score"] for one in text} for text in found]
        return np.array([[text[label] for label in Sentiment.columns] for text in by_label], dtype=np.float32)

    return score


def _alone(model: ReviewModel) -> Callable[[Sequence[str]], Probabilities]:
    device = next(model.parameters()).device

    def score(texts: Sequence[str]) -> Probabilities:
        rows = []
        for text in texts:
            taken = model.tokenizer(text, truncation=True, max_length=model.limit, return_tensors="pt").to(device)
            columns = model.read(taken["input_ids"], taken["attention_mask"])
            rows.append(_sentiment({name: values.cpu().numpy() for name, values in columns.items()}))
        return np.concatenate(rows)

    return score


def _sentiment(columns: Any) -> Probabilities:
    return np.stack([columns[name] for name in Sentiment.columns], axis=1)
