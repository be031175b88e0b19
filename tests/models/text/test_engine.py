from __future__ import annotations

import gc
import threading
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import closing
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from transformers import BertModel

from models.errors import TextEngineStopped
from models.text.engine import TextEngine
from models.text.forward import Ids
from models.text.packing import ROWS
from models.text.precision import resolve_device
from models.text.reading import NOT_FINITE, TOO_LARGE
from models.text.scores import TextScores
from models.text.tokens import NO_WORDS
from tests.models.text.tiny import LETTERS, tiny_model

MODEL = tiny_model()
WAIT_S = 20


@pytest.fixture(scope="module")
def engine() -> Iterator[TextEngine]:
    with closing(TextEngine(MODEL, precision="fp32", cache=0, forwards=2)) as engine:
        yield engine


def texts(n: int, seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    letters = [letter for letter in LETTERS if letter.isalpha()]
    return ["".join(rng.choice(letters, rng.integers(1, 60))) + f" {row}" for row in range(n)]


def same(scores: TextScores, row: int, others: TextScores, there: int) -> bool:
    return all(
        np.allclose(values[row], others.columns[name][there], atol=1e-5) for name, values in scores.columns.items()
    )


def test_scores_are_in_the_order_of_the_texts(engine: TextEngine) -> None:
    window = texts(300)
    scores = engine.score(window)
    assert len(scores) == 300
    assert not scores.reasons
    for row in range(0, 300, 37):
        taken = MODEL.tokenizer(window[row], truncation=True, max_length=MODEL.limit, return_tensors="pt")
        alone = MODEL.read(taken["input_ids"], taken["attention_mask"])
        if not scores.truncated[row]:
            for name, values in alone.items():
                np.testing.assert_allclose(scores.columns[name][row], values[0].numpy(), atol=1e-5)
        assert scores.n_tokens[row] == len(MODEL.tokenizer(window[row])["input_ids"])


def test_windows_complete_in_the_order_of_submission(engine: TextEngine) -> None:
    order: list[int] = []
    futures = []
    for number, n in enumerate((400, 1, 50, 0, 3)):
        futures.append(engine.submit(texts(n, seed=number)))
        futures[-1].add_done_callback(lambda _, number=number: order.append(number))  # type: ignore[misc]
    assert [len(future.result(WAIT_S)) for future in futures] == [400, 1, 50, 0, 3]
    assert order == [0, 1, 2, 3, 4]


HOSTILE = {
    "": NO_WORDS,
    "\x00\x01\x02": NO_WORDS,
    "\t \n": NO_WORDS,
    "\ud800": NO_WORDS,
    "so \ud83d bad": "",
    "good\x00good": "",
    "😀🎉👩‍👩‍👧": "",
    "质量很好 and Ελληνικά и русский العربية": "",
    "a" * 1_000_000: "",
    "bad dress " * 100_000: "",
    "\u202e\u200b right to left": "",
    "'; DROP TABLE review_scores; --": "",
    "[CLS] [SEP] [PAD] [MASK]": "",
}


def test_hostile_texts_leave_their_neighbours_as_they_are(engine: TextEngine) -> None:
    usual = texts(40)
    window = [text for pair in zip(usual, [*HOSTILE] * 4, strict=False) for text in pair]
    scores, alone = engine.score(window), engine.score(usual)
    for row, text in enumerate(window):
        if row % 2 == 0:
            assert same(scores, row, alone, row // 2)
        assert scores.reasons.get(row, "") == HOSTILE.get(text, "")
        assert np.isnan(scores.columns["positive"][row]) == (row in scores.reasons)
    assert scores.truncated[window.index("a" * 1_000_000)]


def test_the_same_text_is_read_once() -> None:
    with closing(TextEngine(MODEL, precision="fp32", cache=10, forwards=1)) as engine:
        first = engine.submit(["good", "bad", "good", ""])
        second = engine.submit(["bad", "", "new"])
        assert same(first.result(WAIT_S), 0, first.result(), 2)
        assert same(first.result(), 1, second.result(WAIT_S), 0)
        assert (first.result().reasons, second.result().reasons) == ({3: NO_WORDS}, {1: NO_WORDS})
        before = engine.figures
        assert before.tokens == sum(len(MODEL.tokenizer(text)["input_ids"]) for text in ("good", "bad", "new"))
        again = engine.score(["new", "good", "bad"])
        assert engine.figures.tokens == before.tokens
        assert engine.figures.hits == before.hits + 3
        assert same(again, 1, first.result(), 0)
        assert again.n_tokens.tolist() == [5, 6, 5]


def test_tiers_are_cached_apart() -> None:
    model = tiny_model(limit=128)
    with closing(TextEngine(model, precision="fp32")) as engine:
        text = "a" * 100
        whole, part, int8 = (engine.score([text], tier=tier) for tier in ("", "truncated", "int8"))
        assert [scores.tier for scores in (whole, part, int8)] == ["fp32", "truncated", "int8"]
        assert [bool(scores.truncated[0]) for scores in (whole, part, int8)] == [False, True, False]
        assert [int(scores.n_tokens[0]) for scores in (whole, part, int8)] == [102, 102, 102]
        assert engine.figures.tokens == 102 + 64 + 102
        with pytest.raises(ValueError, match="unknown tier cheap"):
            engine.submit([text], tier="cheap")


class _Fragile(BertModel):
    """Fails at ``!``, gives NaN at ``?`` and has memory for 200 tokens at once."""

    def forward(self, input_ids: Any, attention_mask: Any) -> Any:  # type: ignore[override]
        if input_ids.numel() > 200:
            raise torch.OutOfMemoryError("no more")
        fatal, poison = (MODEL.tokenizer.convert_tokens_to_ids(letter) for letter in "!?")
        if (input_ids == fatal).any():
            raise RuntimeError("can't bear a secret")
        output = super().forward(input_ids=input_ids, attention_mask=attention_mask)
        if (input_ids == poison).any():
            output.last_hidden_state.fill_(torch.nan)
        return output


def fragile(**given: Any) -> TextEngine:
    model = tiny_model()
    model.encoder.__class__ = _Fragile
    return TextEngine(model, device="cpu", precision="fp32", forwards=2, **given)


def test_texts_that_fail_are_found_and_the_others_scored(engine: TextEngine) -> None:
    window = texts(60)
    bad = {7: "oh !", 30: "why ?", 59: "!"}
    with closing(fragile(token_budget=150)) as broken:
        scores = broken.score([bad.get(row, text) for row, text in enumerate(window)])
    assert scores.reasons == {
        7: "the model failed on the text: RuntimeError",
        30: NOT_FINITE,
        59: "the model failed on the text: RuntimeError",
    }
    expected = engine.score(window)
    assert all(same(scores, row, expected, row) for row in range(60) if row not in bad)


def test_out_of_memory_halves_the_budget(engine: TextEngine) -> None:
    window = texts(100)
    with closing(fragile(token_budget=1_600)) as small:
        scores = small.score(window)
        assert small.figures.out_of_memory > 0
        assert small.token_budget <= 800
        assert not scores.reasons
        small.score(texts(100, seed=1))
        small.score(texts(100, seed=2))
        before = small.figures.out_of_memory
        small.score(texts(100, seed=3))
        assert small.figures.out_of_memory == before
    expected = engine.score(window)
    assert all(same(scores, row, expected, row) for row in range(100))


def test_a_text_that_needs_more_memory_than_there_is_has_a_reason() -> None:
    model = tiny_model(limit=300)
    model.encoder.__class__ = _Fragile
    with closing(TextEngine(model, device="cpu", precision="fp32")) as engine:
        scores = engine.score(["a" * 280, "a" * 50])
    assert scores.reasons == {0: TOO_LARGE}


def test_a_stage_that_dies_fails_what_waits_and_what_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.text.engine.plan", None)
    with closing(TextEngine(MODEL, precision="fp32")) as engine:
        outcomes: list[BaseException | None] = []
        for _ in range(5):
            try:
                outcomes.append(engine.submit(["good"]).exception(WAIT_S))
            except TextEngineStopped as stopped:
                outcomes.append(stopped)
        assert {type(outcome) for outcome in outcomes} == {TextEngineStopped}
        assert str(outcomes[-1]) == "the text engine died of TypeError"
        with pytest.raises(TextEngineStopped):
            engine.submit(["good"])


def test_a_forward_thread_that_dies_fails_all_windows() -> None:
    began = threading.Event()

    def broken(batch: list[Ids]) -> None:
        began.set()
        raise SystemExit

    engine = TextEngine(MODEL, precision="fp32", forwards=2)
    engine._forwards[""] = broken  # type: ignore[assignment]
    broken.padded = False  # type: ignore[attr-defined]
    futures = [engine.submit(texts(50))]
    assert began.wait(WAIT_S)
    assert isinstance(futures[0].exception(WAIT_S), TextEngineStopped)
    engine.close()


class _Held:
    """A forward that waits until it is let go."""

    padded = False
    precision = "fp32"

    def __init__(self, forward: Any) -> None:
        self.forward = forward
        self.began = threading.Event()
        self.let_go = threading.Event()

    def __call__(self, batch: Any) -> Any:
        self.began.set()
        assert self.let_go.wait(WAIT_S)
        return self.forward(batch)


def held(**given: Any) -> tuple[TextEngine, _Held]:
    engine = TextEngine(MODEL, precision="fp32", forwards=1, token_budget=40, cache=0, **given)
    engine._forwards[""] = forward = _Held(engine._forwards[""])
    return engine, forward


def test_submit_waits_when_too_much_waits_and_close_lets_it_go() -> None:
    engine, forward = held()
    futures: list[Any] = []
    refused = threading.Event()

    def submit() -> None:
        try:
            while True:
                futures.append(engine.submit(texts(30, seed=len(futures))))
        except TextEngineStopped:
            refused.set()

    submitting = threading.Thread(target=submit)
    submitting.start()
    assert forward.began.wait(WAIT_S)
    closing_thread = threading.Thread(target=engine.close)
    closing_thread.start()
    assert refused.wait(WAIT_S)
    forward.let_go.set()
    closing_thread.join(WAIT_S)
    submitting.join(WAIT_S)
    assert not closing_thread.is_alive()
    assert len(futures[0].result(0)) == 30
    assert len(futures) <= 4
    assert all(future.done() for future in futures)
    with pytest.raises(CancelledError):
        futures[-1].result(0)
    with pytest.raises(TextEngineStopped, match="closed"):
        engine.submit(["late"])
    engine.close()


def test_a_future_that_is_cancelled_leaves_the_others() -> None:
    engine, forward = held()
    with closing(engine):
        first = engine.submit(texts(60))
        assert forward.began.wait(WAIT_S)
        second, third = engine.submit(["good"]), engine.submit(["bad"])
        assert second.cancel()
        forward.let_go.set()
        assert len(first.result(WAIT_S)) == 60
        assert len(third.result(WAIT_S)) == 1


def test_figures_are_of_what_was_done() -> None:
    with closing(TextEngine(MODEL, precision="fp32")) as engine:
        window = texts(200)
        engine.score([*window, "", window[0]])
        figures = engine.figures
    assert (figures.texts, figures.failed, figures.hits, figures.out_of_memory) == (202, 1, 1, 0)
    assert figures.tokens == sum(min(len(MODEL.tokenizer(text)["input_ids"]), MODEL.limit) for text in window)
    assert 0 <= figures.padding < figures.batches * ROWS
    assert figures.batches > 1
    assert min(figures.tokenise_s, figures.forward_s, figures.finish_s) > 0


def test_padding_counts_and_is_bounded() -> None:
    with closing(fragile(token_budget=150)) as engine:
        engine.score(texts(400))
        assert 0 < engine.figures.padding_share <= 0.05


def test_nothing_is_kept_of_windows_that_are_done() -> None:
    with closing(TextEngine(MODEL, precision="fp32", cache=300, forwards=1)) as engine:
        for seed in range(3):
            engine.score(texts(300, seed))
        tracemalloc.start()
        try:
            engine.score(texts(300, 3))
            gc.collect()
            before, tensors = tracemalloc.get_traced_memory()[0], _tensors()
            for seed in range(4, 10):
                engine.score(texts(300, seed))
            gc.collect()
            grown = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
        assert grown < 1_800 * 50  # of bytes: the ids of the texts alone would be more
        assert _tensors() <= tensors


def _tensors() -> int:
    return sum(issubclass(type(one), torch.Tensor) for one in gc.get_objects())


@pytest.mark.bench
@pytest.mark.timeout(600)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_memory_is_flat_over_100_000_texts(precision: str) -> None:
    process = psutil.Process()
    with closing(TextEngine(MODEL, precision=precision, cache=2_000)) as engine:
        resident = []
        for seed in range(100):
            engine.score(texts(1_000, seed))
            resident.append(process.memory_info().rss)
    assert resident[-1] - resident[49] < 20 << 20


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "mps"])
def test_a_device_that_is_not_there_is_told(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        resolve_device(name)


def test_auto_chooses_a_precision_that_agrees(engine: TextEngine) -> None:
    window = texts(50)
    with closing(TextEngine(MODEL, device="cpu", precision="auto")) as automatic:
        scores = automatic.score(window)
        assert scores.tier == automatic.precision in ("fp32", "bf16", "int8")
    np.testing.assert_allclose(scores.columns["positive"], engine.score(window).columns["positive"], atol=0.03)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("precision", ["auto", "bf16", "fp16", "fp32"])
def test_a_gpu_agrees_with_the_cpu(engine: TextEngine, precision: str) -> None:
    window = [*texts(500), *HOSTILE]
    with closing(TextEngine(MODEL, device="cuda", precision=precision)) as there:
        scores, expected = there.score(window), engine.score(window)
        assert scores.reasons == expected.reasons
        assert there.figures.padding_share <= 0.05
    kept = [row for row in range(len(window)) if row not in scores.reasons]
    np.testing.assert_allclose(scores.columns["positive"][kept], expected.columns["positive"][kept], atol=0.03)
