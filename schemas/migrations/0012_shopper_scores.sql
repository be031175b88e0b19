-- How likely each shopper falls silent, and why: as of the shopper's latest event, or of a later midnight in silence. The
-- row of the latest time wins.
CREATE TABLE IF NOT EXISTS shopper_scores
(
    user_id String,
    partition Int32,
    as_of_ms Int64 COMMENT 'event time that the score is for',
    last_ms Int64 COMMENT 'of the latest event by then',
    churn_state UInt8 COMMENT '0 not scored, 2 scored',
    churn_score Float32 COMMENT 'probability that the shopper stays silent for the horizon; NaN unless churn_state = 2',
    churn_version LowCardinality(String),
    churn_long_score Float32 COMMENT 'the same over the longer horizon; NaN while its model warms up',
    churn_long_version LowCardinality(String),
    base Float64 COMMENT 'log-odds that the contributions of all features add to',
    reason_1_feature LowCardinality(String) COMMENT 'what raised the score most; empty where nothing did',
    reason_1_value Float32 COMMENT 'as the model saw it: the logarithm, where the name says so',
    reason_1_contribution Float64 COMMENT 'to the log-odds of the score',
    reason_1_text LowCardinality(String),
    reason_2_feature LowCardinality(String),
    reason_2_value Float32,
    reason_2_contribution Float64,
    reason_2_text LowCardinality(String),
    reason_3_feature LowCardinality(String),
    reason_3_value Float32,
    reason_3_contribution Float64,
    reason_3_text LowCardinality(String),
    written_ms Int64,
    as_of DateTime64(3, 'UTC') ALIAS fromUnixTimestamp64Milli(as_of_ms, 'UTC'),
    last_at DateTime64(3, 'UTC') ALIAS fromUnixTimestamp64Milli(last_ms, 'UTC'),
    top_reason LowCardinality(String) ALIAS reason_1_feature,
    reason_features Array(String) ALIAS arrayFilter(name -> name != '', [toString(reason_1_feature), toString(reason_2_feature), toString(reason_3_feature)]),
    reason_values Array(Float32) ALIAS arraySlice([reason_1_value, reason_2_value, reason_3_value], 1, length(reason_features)),
    reason_contributions Array(Float64) ALIAS arraySlice([reason_1_contribution, reason_2_contribution, reason_3_contribution], 1, length(reason_features)),
    reason_texts Array(String) ALIAS arraySlice([toString(reason_1_text), toString(reason_2_text), toString(reason_3_text)], 1, length(reason_features))
)
ENGINE = ReplacingMergeTree(as_of_ms)
ORDER BY user_id
SETTINGS non_replicated_deduplication_window = 1000;

-- From when on a shopper of whom a churn alert told may be told of again: the score was well below the threshold then.
CREATE TABLE IF NOT EXISTS churn_rearmed
(
    user_id String,
    partition Int32,
    at_ms Int64 COMMENT 'event time of the sweep that found it so'
)
ENGINE = ReplacingMergeTree(at_ms)
ORDER BY user_id
SETTINGS non_replicated_deduplication_window = 1000;

-- Sweeps that are done: a row for each partition and midnight, written last.
CREATE TABLE IF NOT EXISTS sweeps
(
    partition Int32,
    at_ms Int64 COMMENT 'the midnight (UTC), in event time',
    version LowCardinality(String) COMMENT 'the model that scored',
    shoppers UInt64 COMMENT 'that were silent, and scored',
    alerts UInt64,
    written_ms Int64
)
ENGINE = ReplacingMergeTree(written_ms)
ORDER BY (partition, at_ms)
SETTINGS non_replicated_deduplication_window = 1000;
