-- From which score on the models' alerts went out, where a budget of alerts a day decides: the latest of a model holds.
CREATE TABLE IF NOT EXISTS alert_thresholds
(
    kind LowCardinality(String) COMMENT 'fraud or churn',
    model LowCardinality(String),
    decided_ms Int64,
    threshold Float64,
    per_day Float64 COMMENT 'the budget',
    expected_per_day Float64 COMMENT 'alerts a day of event time that the scores looked at would have been',
    scores UInt64 COMMENT 'that were looked at',
    from_ms Int64 COMMENT 'event times of these scores',
    until_ms Int64
)
ENGINE = ReplacingMergeTree
ORDER BY (kind, model, decided_ms)
SETTINGS non_replicated_deduplication_window = 1000;
