-- Alerts as they went to their topics, and those that another one about the same covers, which did not.
CREATE TABLE IF NOT EXISTS alerts
(
    alert_id String,
    dedupe_key String COMMENT 'alerts about the same have the same',
    kind LowCardinality(String),
    user_id String,
    event_id String,
    topic LowCardinality(String),
    partition Int32,
    offset Int64,
    ts DateTime64(3, 'UTC'),
    score Float32,
    threshold Float64,
    version LowCardinality(String),
    order_id String,
    amount Float64,
    reason_features Array(String),
    reason_values Array(Float64),
    reason_contributions Array(Float64),
    reason_texts Array(String),
    base Float64 COMMENT 'log-odds that the contributions of all features add to',
    raised_ms Int64,
    suppressed_by String COMMENT 'alert_id of the one that was sent instead, empty of one that was sent itself',
    top_reason String ALIAS reason_features[1]
)
ENGINE = ReplacingMergeTree(raised_ms)
ORDER BY (kind, ts, alert_id)
SETTINGS non_replicated_deduplication_window = 1000;
