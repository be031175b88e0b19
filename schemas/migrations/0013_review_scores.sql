-- What the text workers read in each review: one row a review, whichever number of times it was sent or scored.
CREATE TABLE IF NOT EXISTS review_scores
(
    topic LowCardinality(String),
    partition Int32,
    offset Int64,
    event_id String,
    user_id String,
    item String,
    ts DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    rating Float64 COMMENT 'stars that the shopper gave, 1 to 5',
    negative Float32 COMMENT 'probability; the three add to 1',
    neutral Float32,
    positive Float32,
    sentiment Float32 ALIAS positive - negative,
    expected_rating Float32 COMMENT 'stars that the text sounds like',
    embedding Array(Float32) COMMENT 'of length 1, for cosineDistance',
    n_tokens UInt32 COMMENT 'of the whole text',
    truncated UInt8 COMMENT '1 where the model read only head and tail of it',
    model LowCardinality(String) COMMENT 'name and fingerprint',
    tier LowCardinality(String) COMMENT 'how it was computed: the precision, or the cheaper tier under overload',
    written_ms Int64
)
ENGINE = ReplacingMergeTree(written_ms)
PARTITION BY toYYYYMM(ts)
ORDER BY (item, ts, user_id, event_id)
SETTINGS non_replicated_deduplication_window = 1000;
