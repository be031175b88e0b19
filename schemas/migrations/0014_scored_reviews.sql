-- Scored reviews as the profiles took them in: a row a record of the topic reviews.scored.
CREATE TABLE IF NOT EXISTS scored_reviews
(
    topic LowCardinality(String),
    partition Int32,
    offset Int64,
    event_id String COMMENT 'of the review',
    user_id String,
    type_code UInt8,
    ts DateTime64(3, 'UTC') CODEC(Delta, ZSTD) COMMENT 'of the review',
    item String,
    rating Float64,
    sentiment Float64 COMMENT 'probability of positive less that of negative',
    written_ms Int64
)
ENGINE = ReplacingMergeTree(written_ms)
PARTITION BY toYYYYMM(ts)
ORDER BY (user_id, ts, event_id)
SETTINGS non_replicated_deduplication_window = 1000;
