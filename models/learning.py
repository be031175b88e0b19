"""Learning: labelled examples one at a time, in the order given, into the next snapshot of a model. Imports River."""

from __future__ import annotations

import hashlib

import numpy as np

from models.catalogue import ModelSpec
from models.examples import Examples
from models.pipelines import FACTORIES, flatten
from models.progress import Progress
from models.snapshots import Loaded, Snapshot, pickled, river_version

_DIGITS = 8  # a snapshot every two seconds for six years
_DIGEST_DIGITS = 8


class Learner:
    """Learns from where a snapshot stands, or from nothing. Deterministic: the same parent and the same examples give
    the same model. Costs 35 to 80 µs an example.

    A correction, which is an example that was learnt with the other label, is one more step of ``learn_one`` with the
    label that is right. The step that was wrong isn't taken back: it depended on the weights of its time. In examples,
    positives and metrics a prediction counts once, by its last label.

    Parameters
    ----------
    spec
        The model.
    parent
        The snapshot to go on from. Its pipeline is changed by learning: load it anew for each learner.
    """

    def __init__(self, spec: ModelSpec, parent: Loaded | None = None) -> None:
        self.spec = spec
        self._parent = parent.snapshot if parent else None
        self._pipeline = parent.pipeline if parent else FACTORIES[spec.name]()
        self._examples = self._parent.examples if self._parent else 0
        self._positives = self._parent.positives if self._parent else 0
        self._progress = Progress.resume(self._parent.metrics) if self._parent else Progress()
        self._digest = hashlib.sha256(self._parent_version.encode())

    @property
    def _parent_version(self) -> str:
        return self._parent.version if self._parent else ""

    def learn(self, examples: Examples) -> None:
        """Learns each example once its score has been judged."""
        names = self.spec.features.names
        labels = examples.label.tolist()
        corrects = np.zeros(len(labels), dtype=np.bool_) if examples.corrects is None else examples.corrects
        judge = self._progress.update, self._progress.correct
        for row, label, score, again in zip(
            examples.features, labels, examples.score.tolist(), corrects.tolist(), strict=True
        ):
            judge[again](score, label)
            self._pipeline.learn_one(dict(zip(names, row.tolist(), strict=True)), label)
        self._examples += len(examples) - int(corrects.sum())
        self._positives += sum(labels) - int((corrects & ~examples.label).sum())
        for identity in zip(examples.user_id, examples.event_id, labels, strict=True):
            self._digest.update(repr(identity).encode())

    @property
    def version(self) -> str:
        """Of the next snapshot, such as ``churn-00000012-5ad3f1c0``: versions of a model sort by age.

        The end stands for the parent and the examples, so that two learners, or one that starts again after a crash,
        give the same version only to the same model.
        """
        number = f"{_number_after(self._parent_version):0{_DIGITS}}"
        return f"{self.spec.name}-{number}-{self._digest.hexdigest()[:_DIGEST_DIGITS]}"

    def snapshot(self, *, created_ms: int, considered_ms: dict[int, int]) -> Snapshot:
        """The next snapshot, not signed yet.

        ``considered_ms``: by partition, the event time up to which due predictions have been considered.

        Raises ``NotFlattened`` for a pipeline that workers couldn't score.
        """
        return Snapshot(
            name=self.spec.name,
            version=self.version,
            parent=self._parent_version,
            created_ms=created_ms,
            river_version=river_version(),
            feature_set=self.spec.features.fingerprint,
            features=self.spec.features.names,
            examples=self._examples,
            positives=self._positives,
            learnt_until_ms=min(considered_ms.values(), default=0),
            metrics={
                **self._progress.metrics(),
                "considered_ms": {str(partition): at_ms for partition, at_ms in considered_ms.items()},
            },
            flat=flatten(self._pipeline, self.spec.features.names).to_bytes(),
            pickled=pickled(self._pipeline),
        )


def _number_after(version: str) -> int:
    """The next in the sequence.

    >>> _number_after(""), _number_after("churn-tree-00000012-5ad3f1c0")
    (1, 13)
    """
    return int(version.rsplit("-", 2)[1]) + 1 if version else 1
