-- Snapshots of the models, newest last; and the examples that each snapshot learnt beyond its parent's.
CREATE TABLE IF NOT EXISTS models
(
    name LowCardinality(String),
    version String,
    parent String,
    created_ms Int64,
    river_version LowCardinality(String),
    feature_set LowCardinality(String),
    features Array(String),
    examples UInt64 COMMENT 'learnt in all',
    positives UInt64,
    learnt_until_ms Int64 COMMENT 'event time up to which due predictions have been considered',
    metrics String COMMENT 'JSON: progressive metrics so far',
    size UInt64,
    sha256 FixedString(64) COMMENT 'of snapshot, as size is',
    hmac FixedString(64) COMMENT 'over all columns but snapshot',
    flat String COMMENT 'the model as arrays, in MessagePack: what scores reads this',
    snapshot String COMMENT 'the model as a pickle: what learns loads this, and only where hmac and sha256 are right'
)
ENGINE = ReplacingMergeTree(created_ms)
ORDER BY (name, version)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS learnt
(
    model LowCardinality(String),
    version String COMMENT 'the snapshot that contains the example; rows of a version that is not in models were never learnt',
    user_id String,
    event_id String,
    label UInt8,
    score Float32 COMMENT 'as predicted before learning',
    due_ms Int64,
    learnt_ms Int64
)
ENGINE = ReplacingMergeTree(learnt_ms)
ORDER BY (model, version, user_id, event_id)
SETTINGS non_replicated_deduplication_window = 1000;
