-- One row for each run of records whose effects are all durable, written last. A later epoch overrules an earlier one
-- from its first offset on.
CREATE TABLE IF NOT EXISTS ledger
(
    topic LowCardinality(String),
    partition Int32,
    first Int64,
    last Int64,
    epoch UInt64,
    records UInt32 COMMENT 'records in the run: rows + duplicates + dead_letters + passed',
    rows UInt32 COMMENT 'rows of the table that the topic fills',
    duplicates UInt32 COMMENT 'records whose event had been sent before',
    dead_letters UInt32,
    passed UInt32 COMMENT 'records that another reader of the topic answers for',
    max_ts_ms Int64 COMMENT 'latest event time in the run',
    identities String COMMENT '8 bytes, little-endian, an offset from first to last: hash of the event, 0 where no row',
    worker LowCardinality(String),
    written_ms Int64
)
ENGINE = ReplacingMergeTree(written_ms)
ORDER BY (topic, partition, first, epoch)
SETTINGS non_replicated_deduplication_window = 1000;

-- Who took which partition: the highest epoch owns it, and its profile rows overrule those of any earlier owner.
CREATE TABLE IF NOT EXISTS assignments
(
    topic LowCardinality(String),
    partition Int32,
    epoch UInt64,
    worker LowCardinality(String),
    assigned_ms Int64
)
ENGINE = ReplacingMergeTree(assigned_ms)
ORDER BY (topic, partition, epoch);
