"""What the HTTP server answers, over a real connection, from a real engine."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.text.checkpoint import load
from streams.http.address import Address
from streams.http.serving import serving
from streams.metrics.names import SERVICES, TEXT
from streams.settings import Secret
from streams.text.asked import MOST_BYTES, MOST_TEXTS
from streams.text.metrics import Metrics
from streams.text.server import MOST_WAITING, Server
from tests.streams.http.client import DEADLINE_S, LOOPBACK, Answer, ask
from tests.streams.metrics.reading import told
from tests.streams.text.desk import Choosy
from tests.waiting import wait_until

NOT_ASCII = {"Authorization": "Bearer \xff\xe9"}
PATH = "/v1/text:score"


@dataclass
class Stream:
    """How the stream is."""

    unwell: str = ""
    unready: str = ""
    broken: list[BaseException] = field(default_factory=list)

    def engine_broke(self, error: BaseException) -> None:
        self.broken.append(error)


@dataclass
class Site:
    """A running server."""

    address: Address
    engine: Choosy
    stream: Stream
    token: str = ""

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        return ask(self.address, method, path, body, **headers)

    def score(self, body: Any, **headers: str) -> tuple[int, Any]:
        status, found, _ = self.ask("POST", PATH, body, **headers)
        return status, found


@pytest.fixture
def engine(text_model: Path) -> Iterator[Choosy]:
    engine = Choosy(load(text_model))
    yield engine
    engine.close()


@pytest.fixture
def site(engine: Choosy) -> Iterator[Site]:
    stream = Stream()
    with serving(Server(engine, stream, Metrics(engine), token=Secret()).app, LOOPBACK) as address:
        assert address is not None
        yield Site(address, engine, stream)


def test_scores_come_in_the_order_of_the_texts(site: Site) -> None:
    texts = ["love it.", "unreadable", "fine", "这件衣服质量很好" * 50, ""]
    status, found = site.score({"texts": texts})
    wanted = site.engine.score(texts)
    assert (status, found["model"], found["tier"]) == (200, wanted.model, wanted.tier)
    assert found["scores"][1] == {"reason": "tokens: there are none"}
    assert found["scores"][4] == {"reason": "the text has no words"}
    for row in (0, 2, 3):
        one = found["scores"][row]
        names = {"negative", "neutral", "positive", "sentiment", "expected_rating", "n_tokens", "truncated"}
        assert set(one) == names
        for name in ("negative", "neutral", "positive", "expected_rating"):
            assert one[name] == pytest.approx(float(wanted.columns[name][row]), abs=1e-5)
        assert one["sentiment"] == pytest.approx(one["positive"] - one["negative"], abs=2e-6)
    assert [found["scores"][row]["truncated"] for row in (0, 3)] == [False, True]


def test_an_embedding_comes_if_it_is_asked_for(site: Site) -> None:
    status, found = site.score({"texts": ["love it."], "embedding": True})
    assert status == 200
    np.testing.assert_allclose(
        found["scores"][0]["embedding"], site.engine.score(["love it."]).columns["embedding"][0], atol=1e-6
    )


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"", 400, "Input data was truncated"),
        (b"{", 400, "Input data was truncated"),
        (b'{"texts": ["\xff"]}', 400, "Expected UTF-8"),
        (b'{"texts": ["\\ud800"]}', 400, "Input data was truncated"),
        ([], 400, "Expected `object`, got `array`"),
        ({}, 400, "missing required field `texts`"),
        ({"texts": "love it."}, 400, "Expected `array`, got `str` - at `$.texts`"),
        ({"texts": [1]}, 400, "Expected `str`, got `int` - at `$.texts[0]`"),
        ({"texts": ["x" * 32_769]}, 400, "Expected `str` of length <= 32768"),
        ({"texts": [], "embedding": 1}, 400, "Expected `bool`"),
        ({"texts": [], "embeddings": True}, 400, "unknown field `embeddings`"),
        ({"texts": ["x"] * (MOST_TEXTS + 1)}, 413, "Expected at most 256 texts, got 257"),
        (b"[" + b" " * MOST_BYTES, 413, f"Expected at most {MOST_BYTES} bytes"),
    ],
)
def test_what_can_not_be_answered(site: Site, body: Any, status: int, message: str) -> None:
    found, answer = site.score(body)
    assert found == status
    assert set(answer) == {"error"}
    assert message in answer["error"]
    assert site.engine.windows == []


def test_as_many_texts_as_may_be(site: Site) -> None:
    status, found = site.score({"texts": ["x"] * MOST_TEXTS})
    assert (status, len(found["scores"])) == (200, MOST_TEXTS)


def test_other_types_paths_and_methods(site: Site) -> None:
    status, found = site.score({"texts": []}, Content_Type="text/plain")
    assert (status, found) == (415, {"error": "Expected Content-Type: application/json"})
    assert site.ask("GET", "/nowhere")[:2] == (404, {"error": "Not Found"})
    status, found, headers = site.ask("GET", PATH)
    assert (status, found, headers["Allow"]) == (405, {"error": "Method Not Allowed"}, "POST")


def test_a_token_is_asked_for_where_there_is_one(engine: Choosy) -> None:
    with serving(Server(engine, Stream(), Metrics(engine), token=Secret("open sesame")).app, LOOPBACK) as address:
        assert address is not None
        site = Site(address, engine, Stream())
        body = {"texts": ["love it."]}
        for given in ({}, {"Authorization": "Bearer open"}, {"Authorization": "Basic open sesame"}, NOT_ASCII):
            status, found, headers = site.ask("POST", PATH, body, **given)
            assert (status, found) == (401, {"error": "Expected the bearer token"})
            assert headers["WWW-Authenticate"] == "Bearer"
        assert engine.windows == []
        assert site.score(body, Authorization="Bearer open sesame")[0] == 200
        assert site.ask("GET", "/healthz")[0] == 200


def test_one_request_is_in_the_engine_and_few_wait(site: Site) -> None:
    site.engine.held = []
    with ThreadPoolExecutor(MOST_WAITING) as clients:
        asked = [clients.submit(site.score, {"texts": ["love it."]}) for _ in range(MOST_WAITING)]
        waiting = f'footfall_text_queue{{stage="http"}} {MOST_WAITING}.0'
        wait_until(lambda: waiting in site.ask("GET", "/metrics")[1], DEADLINE_S, "all wait")
        status, answer, headers = site.ask("POST", PATH, {"texts": ["so so"]})
        assert (status, answer) == (503, {"error": "Busy: too many requests wait"})
        assert headers["Retry-After"] == "1"
        assert len(site.engine.held) == 1
        held, site.engine.held = site.engine.held, None
        held[0].set_result(site.engine.score(["love it."]))
        assert [one.result(DEADLINE_S)[0] for one in asked] == [200] * MOST_WAITING


def test_an_engine_that_fails_is_told_to_the_worker(site: Site) -> None:
    site.engine.failure = RuntimeError("secret")
    assert site.score({"texts": ["love it."]}) == (503, {"error": "The text engine failed"})
    assert [str(error) for error in site.stream.broken] == ["secret"]


def test_health_readiness_and_metrics(site: Site) -> None:
    site.stream.unready = "not assigned"
    assert site.ask("GET", "/readyz")[:2] == (503, {"status": "not assigned"})
    assert site.ask("GET", "/healthz")[:2] == (200, {"status": "alive"})
    site.score({"texts": ["love it.", "secret"]})
    status, exposed, headers = site.ask("GET", "/metrics")
    assert (status, headers["Content-Type"]) == (200, "text/plain; version=0.0.4")
    assert 'footfall_text_texts_total{source="http"} 2.0' in exposed
    assert 'footfall_text_requests_total{status="200"} 1.0' in exposed
    assert "secret" not in exposed
    assert told(exposed) == {**TEXT, **SERVICES}.keys()
