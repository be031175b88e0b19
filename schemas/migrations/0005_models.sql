-- Snapshots of the models, newest last; the examples that each snapshot learnt beyond its parent's; what was decided about
-- the models; and how good each was by day.
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
    score Float32 COMMENT 'as this model predicted it before learning; NaN where it did not score',
    ts_ms Int64 COMMENT 'event time of what was scored',
    labelled_ms Int64 COMMENT 'event time of the label',
    due_ms Int64,
    learnt_ms Int64,
    INDEX by_time ts_ms TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(learnt_ms)
ORDER BY (model, version, user_id, event_id)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS model_decisions
(
    kind LowCardinality(String) COMMENT 'fraud, churn or churn_long',
    decided_ms Int64 COMMENT 'when, Unix ms; no two of a kind at the same',
    action LowCardinality(String) COMMENT 'promote, rollback, pin, unpin, challenge or retire',
    model LowCardinality(String) COMMENT 'which it is about; of a rollback, the one that is champion again',
    version String COMMENT 'of a pin',
    who String,
    why String
)
ENGINE = ReplacingMergeTree
ORDER BY (kind, decided_ms)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS model_metrics
(
    kind LowCardinality(String),
    model LowCardinality(String),
    day Date COMMENT 'of the events that were scored, UTC',
    version String COMMENT 'the snapshot up to which labels are in it',
    n UInt64 COMMENT 'scores that got their label',
    positives UInt64,
    roc_auc Float64 COMMENT 'NaN unless there are labels of both classes',
    average_precision Float64 COMMENT 'NaN where there is no positive',
    log_loss Float64,
    brier Float64,
    mean_score Float64,
    calibration_error Float64 COMMENT 'mean distance of the mean score and the share of positives, over 10 groups of neighbours in rank',
    calibration_ratio Float64 COMMENT 'mean score over share of positives; infinite without a positive',
    precision_at_budget Float64 COMMENT 'share of positives among as many of the highest scores as budget says, or all there are',
    budget UInt64 COMMENT 'alerts a day, 100 where none is set',
    mean_label_delay_ms Float64 COMMENT 'event time from what was scored to its label',
    written_ms Int64
)
ENGINE = ReplacingMergeTree(written_ms)
ORDER BY (kind, model, day)
SETTINGS non_replicated_deduplication_window = 1000;
