-- Records that could not be used, whole, with the reason.
CREATE TABLE IF NOT EXISTS dead_letters
(
    topic LowCardinality(String),
    partition Int32,
    offset Int64,
    record_ts DateTime64(3, 'UTC'),
    reason String,
    key String,
    value String,
    written_ms Int64,
    replayed_ms Int64 COMMENT '0, or when it was last sent to its topic again'
)
ENGINE = ReplacingMergeTree(written_ms)
ORDER BY (topic, partition, offset)
SETTINGS non_replicated_deduplication_window = 1000;
