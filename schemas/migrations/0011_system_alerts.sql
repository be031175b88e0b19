-- How far a day's scores, features and losses are from those before, a model and day; and what was told to operators.
CREATE TABLE IF NOT EXISTS model_drift
(
    kind LowCardinality(String) COMMENT 'fraud or churn',
    model LowCardinality(String),
    day Date COMMENT 'of the scores, or of the labels where it is about loss; UTC',
    what LowCardinality(String) COMMENT 'score, feature or loss',
    feature LowCardinality(String) COMMENT 'which, where it is about one',
    value Float64 COMMENT 'population stability index; of loss the mean log loss since it last changed. NaN without a reference',
    threshold Float64 COMMENT 'from which it is drift; of loss the mean at the end of the day before',
    drifted UInt8,
    n UInt64 COMMENT 'scores or labels of the day',
    reference UInt64 COMMENT 'those before that they are held against',
    written_ms Int64
)
ENGINE = ReplacingMergeTree(written_ms)
ORDER BY (kind, model, what, day, feature)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS system_alerts
(
    alert_id String,
    kind LowCardinality(String),
    model LowCardinality(String),
    subject String,
    day String COMMENT 'event time, UTC',
    value Float64,
    threshold Float64,
    text String,
    raised_ms Int64
)
ENGINE = ReplacingMergeTree(raised_ms)
ORDER BY (day, alert_id)
SETTINGS non_replicated_deduplication_window = 1000;
