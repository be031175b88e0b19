"""What an erasure has to do with which table. A test holds this against ``schemas.tables``, so that no table of people
can be forgotten.

In ``events`` and the like a person's rows have the ``user_id``. Profiles and risks have a kind and an id: the person's
own, and those of the cards, addresses and devices that nobody else has used. A dead letter is a person's by its record,
and the ledger holds a hash of each event. What is left are sums over many people, of which nobody can be told.
"""

from __future__ import annotations

BY_USER = (
    "predictions",
    "learnt",
    "alerts",
    "shopper_scores",
    "churn_rearmed",
    "segment_changes",
    "segment_members",
    "review_scores",
    "scored_reviews",
    "labels",
    "events",
)
"""In the order in which rows are removed: the events last, for they tell which cards a person has used."""

BY_ALERT = ("alert_acks", "alert_snoozes", "alert_escalations")
"""By the ``alert_id`` of the person's alerts, which go after them."""

BY_KIND = ("profiles", "risks")
BY_RECORD = ("dead_letters",)
BY_IDENTITY = ("ledger",)

REBUILT = ("profiles_rebuilding", "profiles_rebuilt", "profiles_before_rebuild")
"""Tables that a rebuild may have left: of the layout of ``profiles``."""

IMPERSONAL = (
    "models",
    "model_decisions",
    "model_metrics",
    "model_drift",
    "alert_thresholds",
    "system_alerts",
    "sweeps",
    "segment_rounds",
    "alert_digests",
    "retentions",
    "assignments",
)
"""Sums, weights and what operators did."""

OWN = ("erasures", "erasures_seen", "erasures_removed", "erasing")
"""Of the erasures themselves: digests and counts, and identifiers only while they are being erased."""
