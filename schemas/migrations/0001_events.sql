-- Scored events: one row an event, whichever number of times it was sent or processed.
-- topic, user_id and event_id identify an event; ts never differs between copies of one record.
CREATE TABLE IF NOT EXISTS events
(
    topic LowCardinality(String),
    partition Int32,
    offset Int64,
    event_id String,
    user_id String,
    type_code UInt8,
    type Enum8('view' = 1, 'click' = 2, 'search' = 3, 'cart_add' = 4, 'cart_remove' = 5, 'checkout' = 6, 'purchase' = 7, 'return' = 8, 'review' = 9) ALIAS CAST(type_code, 'Enum8(\'view\' = 1, \'click\' = 2, \'search\' = 3, \'cart_add\' = 4, \'cart_remove\' = 5, \'checkout\' = 6, \'purchase\' = 7, \'return\' = 8, \'review\' = 9)'),
    ts DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    item String,
    category LowCardinality(String),
    brand LowCardinality(String),
    price Float64,
    quantity Float64,
    currency LowCardinality(String),
    query String,
    session String,
    order_id String,
    amount Float64,
    method LowCardinality(String),
    card String,
    ip String,
    device String,
    country LowCardinality(String),
    merchant String,
    rating Float64,
    text String,
    fraud_state UInt8 COMMENT '0 not scored, 1 warming up, 2 scored',
    fraud_score Float32 COMMENT 'probability of fraud of a purchase; NaN unless fraud_state = 2',
    fraud_version LowCardinality(String),
    churn_state UInt8 COMMENT '0 not scored, 1 warming up, 2 scored',
    churn_score Float32 COMMENT 'probability that the shopper falls silent; NaN unless churn_state = 2',
    churn_version LowCardinality(String),
    written_ms Int64 COMMENT 'when the row was written, Unix ms'
)
ENGINE = ReplacingMergeTree(written_ms)
PARTITION BY toYYYYMM(ts)
ORDER BY (user_id, ts, topic, event_id)
SETTINGS non_replicated_deduplication_window = 1000;
