-- Alerts as they went to their topics.
CREATE TABLE IF NOT EXISTS alerts
(
    alert_id String,
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
    top_reason String ALIAS reason_features[1]
)
ENGINE = ReplacingMergeTree(raised_ms)
ORDER BY (kind, ts, alert_id)
SETTINGS non_replicated_deduplication_window = 1000;
