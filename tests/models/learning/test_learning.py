from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from river import linear_model, metrics, preprocessing

from models.catalogue import CHURN, MODELS, ModelSpec
from models.errors import NotFlattened
from models.examples import Examples
from models.learning import Learner
from models.pipelines import FACTORIES, flatten
from models.progress import Progress
from models.snapshots import Loaded, considered_ms, load, sign

KEY = "a key of the tests"


def loaded(learner: Learner) -> Loaded:
    return load(sign(learner.snapshot(created_ms=1, considered_ms={3: 9, 0: 8}), KEY), KEY, learner.spec.features)


def part(examples: Examples, start: int, end: int) -> Examples:
    columns = {name: getattr(examples, name) for name in Examples.__dataclass_fields__}
    return Examples(**{name: values[start:end] for name, values in columns.items() if values is not None})


@pytest.mark.parametrize("spec", MODELS.values(), ids=MODELS)
def test_a_model_predicts_before_it_has_learnt_anything(spec: ModelSpec) -> None:
    first = {"fraud": 1 / (1 + np.exp(4)), "churn": 0.5, "churn_long": 0.5}[spec.kind]
    assert FACTORIES[spec.name]().predict_proba_one(dict.fromkeys(spec.features.names, 1.0))[True] == first


def test_each_model_has_a_pipeline_that_can_be_flattened() -> None:
    assert FACTORIES.keys() == MODELS.keys()
    for name, spec in MODELS.items():
        names = spec.features.names
        pipeline = FACTORIES[name]()
        first = pipeline.predict_proba_one(dict.fromkeys(names, 1.0))[True]
        assert flatten(pipeline, names).probability(np.ones((1, len(names)))) == first


def test_a_pipeline_of_other_features_is_not_flattened() -> None:
    with pytest.raises(NotFlattened, match=r"of other features: \['log_amount'\]"):
        flatten(FACTORIES["fraud"](), [name for name in MODELS["fraud"].features.names if name != "log_amount"])


def test_a_pipeline_that_cannot_be_flattened_is_not_published(some_examples: Examples) -> None:
    snapshot = Learner(CHURN).snapshot(created_ms=1, considered_ms={})
    learner = Learner(CHURN, Loaded(snapshot, preprocessing.StandardScaler() | linear_model.Perceptron()))
    learner.learn(some_examples)
    with pytest.raises(NotFlattened, match=r"workers can't score StandardScaler \| Perceptron: only"):
        learner.snapshot(created_ms=1, considered_ms={})


def test_the_same_examples_give_the_same_snapshot(some_examples: Examples) -> None:
    first, second = Learner(CHURN), Learner(CHURN)
    first.learn(some_examples)
    second.learn(some_examples)
    assert first.snapshot(created_ms=1, considered_ms={}) == second.snapshot(created_ms=1, considered_ms={})


def test_learning_over_snapshots_is_learning_at_once(some_examples: Examples) -> None:
    at_once = Learner(CHURN)
    at_once.learn(some_examples)
    halves = Learner(CHURN)
    halves.learn(part(some_examples, 0, 250))
    resumed = Learner(CHURN, loaded(halves))
    resumed.learn(part(some_examples, 250, 600))
    whole, pieces = loaded(at_once), loaded(resumed)
    assert pieces.snapshot.examples == whole.snapshot.examples == 600
    assert pieces.snapshot.positives == whole.snapshot.positives == some_examples.label.sum()
    assert pieces.pipeline[-1].weights == whole.pipeline[-1].weights
    assert pieces.snapshot.metrics.keys() == whole.snapshot.metrics.keys()
    assert pieces.snapshot.metrics["bins"] == whole.snapshot.metrics["bins"]
    assert pieces.snapshot.metrics["log_loss"] == pytest.approx(whole.snapshot.metrics["log_loss"])


def test_versions_name_the_model_sort_by_age_and_tell_examples_apart(some_examples: Examples) -> None:
    learner = Learner(CHURN)
    learner.learn(part(some_examples, 0, 10))
    other = Learner(CHURN)
    other.learn(part(some_examples, 0, 11))
    first = loaded(learner)
    assert first.snapshot.version.startswith("churn-00000001-")
    assert other.version.startswith("churn-00000001-")
    assert other.version != first.snapshot.version
    second = Learner(CHURN, first)
    second.learn(part(some_examples, 10, 20))
    assert second.version.startswith("churn-00000002-")
    assert second.version > first.snapshot.version
    assert second.snapshot(created_ms=1, considered_ms={}).parent == first.snapshot.version


def test_the_label_is_part_of_the_version(some_examples: Examples) -> None:
    learner, other = Learner(CHURN), Learner(CHURN)
    learner.learn(some_examples)
    other.learn(replace(some_examples, label=~some_examples.label))
    assert learner.version != other.version


def test_a_snapshot_says_how_far_each_partition_is(some_examples: Examples) -> None:
    learner = Learner(CHURN)
    learner.learn(some_examples)
    snapshot = loaded(learner).snapshot
    assert considered_ms(snapshot) == {0: 8, 3: 9}
    assert snapshot.learnt_until_ms == 8
    assert considered_ms(None) == {}


def test_metrics_are_of_the_scores_as_they_were_predicted(some_examples: Examples) -> None:
    learner = Learner(CHURN)
    learner.learn(some_examples)
    told = learner.snapshot(created_ms=1, considered_ms={}).metrics
    log_loss = metrics.LogLoss()  # type: ignore[no-untyped-call]
    for score, label in zip(some_examples.score.tolist(), some_examples.label.tolist(), strict=True):
        log_loss.update(label, {True: score, False: 1 - score})
    assert told["log_loss"] == pytest.approx(log_loss.get(), rel=1e-6)  # type: ignore[no-untyped-call]
    assert told["brier"] == pytest.approx(((some_examples.score - some_examples.label) ** 2).mean(), rel=1e-6)
    assert told["roc_auc"] == pytest.approx(_roc_auc(some_examples.score, some_examples.label), abs=0.002)
    assert told["scored"] == 600


def test_corrected_examples_count_once_with_their_last_label(some_examples: Examples) -> None:
    wrong = replace(some_examples, label=~some_examples.label)
    corrected, right = Learner(CHURN), Learner(CHURN)
    corrected.learn(wrong)
    corrected.learn(replace(some_examples, corrects=np.ones(600, dtype=np.bool_)))
    right.learn(some_examples)
    found, wanted = (one.snapshot(created_ms=1, considered_ms={}) for one in (corrected, right))
    assert (found.examples, found.positives) == (wanted.examples, wanted.positives)
    assert found.metrics["bins"] == wanted.metrics["bins"]
    for figure in ("scored", "scored_positives", "roc_auc", "average_precision", "log_loss", "brier"):
        assert found.metrics[figure] == pytest.approx(wanted.metrics[figure])
    assert found.flat != wanted.flat, "what was learnt first isn't taken back"


def test_a_correction_of_a_score_that_was_not_given_is_left_out() -> None:
    progress = Progress()
    progress.correct(float("nan"), True)
    assert progress.metrics() == {"scored": 0, "scored_positives": 0, "bins": []}


def test_scores_of_a_model_that_was_warming_up_are_left_out() -> None:
    progress = Progress()
    progress.update(float("nan"), True)
    assert progress.metrics() == {"scored": 0, "scored_positives": 0, "bins": []}


@given(st.lists(st.tuples(st.integers(1, 99), st.booleans()), min_size=2, max_size=60))
def test_ranking_metrics_are_the_exact_ones_where_scores_lie_apart(scored: list[tuple[int, bool]]) -> None:
    score = np.array([percent / 100 for percent, _ in scored])
    label = np.array([positive for _, positive in scored])
    # Scores 1/16 of a logit apart share no bin; here, around one half, they may: compare with the scores rounded so.
    rounded = np.round(np.log(score / (1 - score)) * 16)
    progress = Progress()
    for one, positive in scored:
        progress.update(one / 100, positive)
    told = progress.metrics()
    if label.all() or not label.any():
        assert "roc_auc" not in told
        return
    assert told["roc_auc"] == pytest.approx(_roc_auc(rounded, label))
    assert told["average_precision"] == pytest.approx(_average_precision(rounded, label))
    resumed = Progress.resume(told).metrics()
    assert resumed["bins"] == told["bins"]
    assert resumed["log_loss"] == pytest.approx(told["log_loss"])


def test_scores_of_0_and_1_stay_within_the_bins() -> None:
    progress = Progress()
    for score in (0.0, 1.0, 1e-30, 1 - 1e-16):
        progress.update(score, True)
    assert progress.metrics()["scored"] == 4


def _roc_auc(score: np.ndarray, label: np.ndarray) -> float:
    positive, negative = score[label], score[~label]
    pairs = (positive[:, None] > negative).sum() + (positive[:, None] == negative).sum() / 2
    return float(pairs / (len(positive) * len(negative)))


def _average_precision(score: np.ndarray, label: np.ndarray) -> float:
    at = [score >= threshold for threshold in np.unique(score)[::-1]]
    recall = np.array([0.0, *(label[above].sum() / label.sum() for above in at)])
    precision = np.array([label[above].mean() for above in at])
    return float((np.diff(recall) * precision).sum())
