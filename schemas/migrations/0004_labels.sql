-- Verdicts from the labels topic, as they came: chargebacks, analysts' acknowledgements, churn told from outside.
CREATE TABLE IF NOT EXISTS labels
(
    topic LowCardinality(String),
    partition Int32,
    offset Int64,
    event_id String,
    user_id String,
    type_code UInt8,
    type Enum8('fraud_label' = 20, 'alert_ack' = 21, 'churn_label' = 22) ALIAS CAST(type_code, 'Enum8(\'fraud_label\' = 20, \'alert_ack\' = 21, \'churn_label\' = 22)'),
    ts DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    target String COMMENT 'event_id of the purchase, or alert_id of the alert',
    verdict LowCardinality(String),
    written_ms Int64,
    INDEX by_target target TYPE bloom_filter GRANULARITY 4
)
ENGINE = ReplacingMergeTree(written_ms)
ORDER BY (user_id, ts, event_id)
SETTINGS non_replicated_deduplication_window = 1000;
