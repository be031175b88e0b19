-- Who entered and left which segment, in the order in which it happened to the shopper; who is in it now; and the rounds
-- in which the leader looked.
CREATE TABLE IF NOT EXISTS segment_changes
(
    segment LowCardinality(String),
    user_id String,
    number UInt32 COMMENT 'of the changes of this shopper in this segment: the odd ones enter, the even ones leave',
    change LowCardinality(String) COMMENT 'enter or leave',
    reason String COMMENT 'why, in words: how the shopper was at at_ms',
    score Float64 COMMENT 'how strongly the shopper belongs to it, on the scale of the segment',
    held_out UInt8 COMMENT '1 for those who are left alone, to compare with',
    at_ms Int64 CODEC(Delta, ZSTD) COMMENT 'event time of the round that found it',
    change_id String COMMENT 'depends on segment, user_id and number alone',
    written_ms Int64,
    at DateTime64(3, 'UTC') ALIAS fromUnixTimestamp64Milli(at_ms, 'UTC'),
    INDEX by_time at_ms TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(written_ms)
ORDER BY (segment, user_id, number)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS segment_members
(
    segment LowCardinality(String),
    user_id String,
    number UInt32 COMMENT 'of the latest change',
    inside UInt8 COMMENT '1 for a member, 0 for one who left',
    at_ms Int64 COMMENT 'event time of the latest change',
    reason String COMMENT 'of the latest change',
    held_out UInt8,
    since DateTime64(3, 'UTC') ALIAS fromUnixTimestamp64Milli(at_ms, 'UTC')
)
ENGINE = ReplacingMergeTree(number)
ORDER BY (segment, user_id)
SETTINGS non_replicated_deduplication_window = 1000;

-- A row is written once all changes of the round are delivered, and the members are up to date.
CREATE TABLE IF NOT EXISTS segment_rounds
(
    at_ms Int64 COMMENT 'event time at which the segments were looked at',
    entered UInt64,
    left UInt64,
    written_ms Int64
)
ENGINE = ReplacingMergeTree(written_ms)
ORDER BY at_ms
SETTINGS non_replicated_deduplication_window = 1000;
