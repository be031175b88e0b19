-- How long rows of a table were kept from when on: what is older may be gone, and is not missing.
CREATE TABLE IF NOT EXISTS retentions
(
    about LowCardinality(String) COMMENT 'the table',
    since_ms Int64 COMMENT 'Unix ms',
    days UInt32 COMMENT '0 for ever'
)
ENGINE = ReplacingMergeTree
ORDER BY (about, since_ms);

ALTER TABLE ledger ADD COLUMN IF NOT EXISTS min_ts_ms Int64 COMMENT 'earliest event time of the rows; 0 for not known' AFTER max_ts_ms;
