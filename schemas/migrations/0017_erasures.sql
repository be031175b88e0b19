-- Who was erased: a tombstone is a number under which the identifiers of one or more people are known by keyed digests. What
-- readers of the logs have taken up, they drop from then on.
CREATE TABLE IF NOT EXISTS erasures
(
    number UInt64 COMMENT 'grows with each that is written',
    erasure UInt64 COMMENT 'the number of the first tombstone of the person',
    kind LowCardinality(String) COMMENT 'user, card, ip or device',
    bucket UInt16 COMMENT 'of the identifier: the low bits of its hash',
    digest String COMMENT 'HMAC-SHA256 of the identifier, hexadecimal',
    key_id String COMMENT 'tells by which key',
    written_ms Int64
)
ENGINE = ReplacingMergeTree(written_ms)
ORDER BY (number, kind, digest);

-- Up to which tombstone an owner of partitions has dropped all: nothing that it writes from then on is about these people.
CREATE TABLE IF NOT EXISTS erasures_seen
(
    worker String,
    reader LowCardinality(String) COMMENT 'reviews.text of a text worker, empty of a scoring one',
    epoch UInt64 COMMENT 'as in assignments',
    number UInt64 COMMENT 'the largest there is for an owner that has left',
    seen_ms Int64
)
ENGINE = ReplacingMergeTree(number)
ORDER BY (worker, reader, epoch);

-- What was removed: a row for each look at a table or topic, written before and once more after the rows are gone.
CREATE TABLE IF NOT EXISTS erasures_removed
(
    erasure UInt64,
    place String COMMENT 'a table, or topic and a name',
    attempt UInt64 COMMENT 'of the looks, in their order: Unix ns',
    rows UInt64 COMMENT 'that there were',
    done UInt8 COMMENT '1 once they are gone'
)
ENGINE = ReplacingMergeTree(done)
ORDER BY (erasure, place, attempt);

-- The identifiers themselves, as long as their rows are being removed. Statements name their rows by erasure, so that
-- neither a mutation nor a log of queries holds an identifier.
CREATE TABLE IF NOT EXISTS erasing
(
    erasure UInt64,
    kind LowCardinality(String),
    id String
)
ENGINE = ReplacingMergeTree
ORDER BY (erasure, kind, id);

ALTER TABLE ledger ADD COLUMN IF NOT EXISTS erased UInt32 COMMENT 'records about people who were erased' AFTER passed;
