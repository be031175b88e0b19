"""The topics: what Footfall reads and what it writes. A prefix set by the operator goes before each name."""

from __future__ import annotations

from dataclasses import dataclass

CLICKS = "clicks"
CARTS = "carts"
REVIEWS = "reviews"
LABELS = "labels"
REVIEWS_SCORED = "reviews.scored"
ALERTS_FRAUD = "alerts.fraud"
ALERTS_CHURN = "alerts.churn"
ALERTS_SYSTEM = "alerts.system"
SEGMENT_CHANGES = "segments.changes"
DEAD_LETTERS = "dead-letters"

BEHAVIOUR = (CLICKS, CARTS, REVIEWS, REVIEWS_SCORED)
"""The topics that make up a profile, in the order of its ``offsets``. Their partition counts must agree."""

REVIEW_TEXTS = "reviews.text"
"""Stands for the topic ``reviews`` as the text workers read it: a log of its own in the ledger and for dead letters."""

KEYED_BY_USER = (CLICKS, CARTS, REVIEWS, LABELS)
"""The topics of others, whose records' key is the ``user_id``. Those that Footfall writes are keyed by what a record is
about, which tells nobody who the shopper is, so that one record can be compacted away by another without a value."""

ABOUT_PEOPLE = (REVIEWS_SCORED, ALERTS_FRAUD, ALERTS_CHURN, SEGMENT_CHANGES, DEAD_LETTERS)
"""The topics that Footfall writes and that tell of shoppers."""

SWEEP = "sweep"
"""Stands for the topic of what sweeps find, which comes from no record."""

INPUTS = (*BEHAVIOUR, LABELS)
"""What the scoring workers read; the text workers read ``reviews`` and write ``reviews.scored``."""
OUTPUTS = (ALERTS_FRAUD, ALERTS_CHURN, ALERTS_SYSTEM, SEGMENT_CHANGES, DEAD_LETTERS)
ALL = INPUTS + OUTPUTS

LOGS = (*INPUTS, REVIEW_TEXTS)
"""What the ledger knows: each topic by its readers."""


@dataclass(frozen=True, kw_only=True)
class TopicNames:
    """Maps the contract's names to the names on the broker and back."""

    prefix: str = ""

    def on_broker(self, topic: str) -> str:
        return self.prefix + topic

    def in_contract(self, name: str) -> str:
        """Raises ``KeyError`` where ``name`` isn't one of Footfall's topics."""
        topic = name.removeprefix(self.prefix)
        if not name.startswith(self.prefix) or topic not in ALL:
            raise KeyError(name)
        return topic


def topic_of(log: str) -> str:
    """The topic that a log's records are on.

    >>> topic_of(REVIEW_TEXTS), topic_of(CARTS)
    ('reviews', 'carts')
    """
    return REVIEWS if log == REVIEW_TEXTS else log
