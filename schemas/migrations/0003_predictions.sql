-- Predictions that will get a label, a row for each model that scored: the features as they were scored, and when the
-- label is due.
CREATE TABLE IF NOT EXISTS predictions
(
    kind LowCardinality(String) COMMENT 'fraud, churn or churn_long',
    model LowCardinality(String),
    event_id String,
    user_id String,
    topic LowCardinality(String),
    partition Int32,
    offset Int64,
    ts_ms Int64,
    due_ms Int64 COMMENT 'event time at which the label is due',
    amount Float64,
    state UInt8 COMMENT '1 warming up, 2 scored',
    score Float32 COMMENT 'NaN while warming up',
    version LowCardinality(String) COMMENT 'version of the model that scored',
    feature_set LowCardinality(String) COMMENT 'fingerprint of the names and order of the features',
    features_f32 String COMMENT 'float32, little-endian, in the order of the feature set',
    features Array(Float32) ALIAS arrayMap(i -> reinterpretAsFloat32(substring(features_f32, 1 + i * 4, 4)), range(intDiv(length(features_f32), 4))),
    written_ms Int64,
    INDEX by_event event_id TYPE bloom_filter GRANULARITY 4,
    INDEX by_time ts_ms TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(written_ms)
ORDER BY (kind, due_ms, user_id, event_id, model)
SETTINGS non_replicated_deduplication_window = 1000;
