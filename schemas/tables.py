"""The tables: each column's ClickHouse type, in the order of the DDL. A test holds the live tables against this.

An ``ALIAS`` column is computed when it is read; it can't be written, and ``SELECT *`` leaves it out.
"""

from __future__ import annotations

from schemas.events import EVENT_TYPES
from schemas.layout import KINDS, PROFILE_COLUMNS

_NAME = "LowCardinality(String)"
_TIME = "DateTime64(3, 'UTC')"


def _enum(codes: dict[str, int]) -> str:
    return "Enum8(" + ", ".join(f"'{name}' = {code}" for name, code in codes.items()) + ")"


_LABEL_CODES = {name: code for name, code in EVENT_TYPES.items() if code >= EVENT_TYPES["fraud_label"]}
_EVENT_CODES = {name: code for name, code in EVENT_TYPES.items() if name not in _LABEL_CODES}

TABLES: dict[str, dict[str, str]] = {
    "events": {
        "topic": _NAME,
        "partition": "Int32",
        "offset": "Int64",
        "event_id": "String",
        "user_id": "String",
        "type_code": "UInt8",
        "ts": _TIME,
        "item": "String",
        "category": _NAME,
        "brand": _NAME,
        "price": "Float64",
        "quantity": "Float64",
        "currency": _NAME,
        "query": "String",
        "session": "String",
        "order_id": "String",
        "amount": "Float64",
        "method": _NAME,
        "card": "String",
        "ip": "String",
        "device": "String",
        "country": _NAME,
        "merchant": "String",
        "rating": "Float64",
        "text": "String",
        "fraud_state": "UInt8",
        "fraud_score": "Float32",
        "fraud_version": _NAME,
        "churn_state": "UInt8",
        "churn_score": "Float32",
        "churn_version": _NAME,
        "written_ms": "Int64",
    },
    "profiles": PROFILE_COLUMNS,
    "predictions": {
        "kind": _NAME,
        "model": _NAME,
        "event_id": "String",
        "user_id": "String",
        "topic": _NAME,
        "partition": "Int32",
        "offset": "Int64",
        "ts_ms": "Int64",
        "due_ms": "Int64",
        "amount": "Float64",
        "state": "UInt8",
        "score": "Float32",
        "version": _NAME,
        "feature_set": _NAME,
        "features_f32": "String",
        "written_ms": "Int64",
    },
    "labels": {
        "topic": _NAME,
        "partition": "Int32",
        "offset": "Int64",
        "event_id": "String",
        "user_id": "String",
        "type_code": "UInt8",
        "ts": _TIME,
        "target": "String",
        "verdict": _NAME,
        "written_ms": "Int64",
    },
    "models": {
        "name": _NAME,
        "version": "String",
        "parent": "String",
        "created_ms": "Int64",
        "river_version": _NAME,
        "feature_set": _NAME,
        "features": "Array(String)",
        "examples": "UInt64",
        "positives": "UInt64",
        "learnt_until_ms": "Int64",
        "metrics": "String",
        "size": "UInt64",
        "sha256": "FixedString(64)",
        "hmac": "FixedString(64)",
        "flat": "String",
        "snapshot": "String",
    },
    "learnt": {
        "model": _NAME,
        "version": "String",
        "user_id": "String",
        "event_id": "String",
        "label": "UInt8",
        "score": "Float32",
        "ts_ms": "Int64",
        "labelled_ms": "Int64",
        "due_ms": "Int64",
        "learnt_ms": "Int64",
    },
    "model_decisions": {
        "kind": _NAME,
        "decided_ms": "Int64",
        "action": _NAME,
        "model": _NAME,
        "version": "String",
        "who": "String",
        "why": "String",
    },
    "model_metrics": {
        "kind": _NAME,
        "model": _NAME,
        "day": "Date",
        "version": "String",
        "n": "UInt64",
        "positives": "UInt64",
        "roc_auc": "Float64",
        "average_precision": "Float64",
        "log_loss": "Float64",
        "brier": "Float64",
        "mean_score": "Float64",
        "mean_label_delay_ms": "Float64",
        "written_ms": "Int64",
    },
    "alerts": {
        "alert_id": "String",
        "kind": _NAME,
        "user_id": "String",
        "event_id": "String",
        "topic": _NAME,
        "partition": "Int32",
        "offset": "Int64",
        "ts": _TIME,
        "score": "Float32",
        "threshold": "Float64",
        "version": _NAME,
        "order_id": "String",
        "amount": "Float64",
        "reason_features": "Array(String)",
        "reason_values": "Array(Float64)",
        "reason_contributions": "Array(Float64)",
        "reason_texts": "Array(String)",
        "base": "Float64",
        "raised_ms": "Int64",
    },
    "shopper_scores": {
        "user_id": "String",
        "partition": "Int32",
        "as_of_ms": "Int64",
        "last_ms": "Int64",
        "churn_state": "UInt8",
        "churn_score": "Float32",
        "churn_version": _NAME,
        "base": "Float64",
        **{
            f"reason_{rank}_{part}": kind
            for rank in (1, 2, 3)
            for part, kind in {"feature": _NAME, "value": "Float32", "contribution": "Float64", "text": _NAME}.items()
        },
        "written_ms": "Int64",
    },
    "churn_rearmed": {"user_id": "String", "partition": "Int32", "at_ms": "Int64"},
    "sweeps": {
        "partition": "Int32",
        "at_ms": "Int64",
        "version": _NAME,
        "shoppers": "UInt64",
        "alerts": "UInt64",
        "written_ms": "Int64",
    },
    "ledger": {
        "topic": _NAME,
        "partition": "Int32",
        "first": "Int64",
        "last": "Int64",
        "epoch": "UInt64",
        "records": "UInt32",
        "rows": "UInt32",
        "duplicates": "UInt32",
        "dead_letters": "UInt32",
        "max_ts_ms": "Int64",
        "identities": "String",
        "worker": _NAME,
        "written_ms": "Int64",
    },
    "assignments": {"topic": _NAME, "partition": "Int32", "epoch": "UInt64", "worker": _NAME, "assigned_ms": "Int64"},
    "dead_letters": {
        "topic": _NAME,
        "partition": "Int32",
        "offset": "Int64",
        "record_ts": _TIME,
        "reason": "String",
        "key": "String",
        "value": "String",
        "written_ms": "Int64",
        "replayed_ms": "Int64",
    },
}

ALIASES: dict[str, dict[str, str]] = {
    "events": {"type": _enum(_EVENT_CODES)},
    "profiles": {
        "kind_name": _enum({kind: code for code, kind in enumerate(KINDS)}),
        "first_at": _TIME,
        "last_at": _TIME,
    },
    "predictions": {"features": "Array(Float32)"},
    "labels": {"type": _enum(_LABEL_CODES)},
    "alerts": {"top_reason": "String"},
    "shopper_scores": {
        "as_of": _TIME,
        "last_at": _TIME,
        "top_reason": _NAME,
        "reason_features": "Array(String)",
        "reason_values": "Array(Float32)",
        "reason_contributions": "Array(Float64)",
        "reason_texts": "Array(String)",
    },
}

ROW_TABLES = {"clicks": "events", "carts": "events", "reviews": "events", "labels": "labels"}
"""The table that a topic's rows go to."""
