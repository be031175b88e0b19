-- What people did about alerts, and what was told because they did nothing. That an acknowledgement became a label, the
-- table labels tells.
CREATE TABLE IF NOT EXISTS alert_acks
(
    alert_id String,
    label String COMMENT 'event_id of the acknowledgement on the topic labels',
    verdict LowCardinality(String) COMMENT 'fraud, ok or ignore',
    said_ms Int64 COMMENT 'event time of the acknowledgement: when it was given, by the clock',
    said_by String
)
ENGINE = ReplacingMergeTree(said_ms)
ORDER BY (alert_id, label)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS alert_snoozes
(
    alert_id String,
    until_ms Int64 COMMENT 'by the clock; one that has passed puts nothing off',
    said_ms Int64,
    said_by String
)
ENGINE = ReplacingMergeTree(said_ms)
ORDER BY alert_id
SETTINGS non_replicated_deduplication_window = 1000;

-- Which alerts a digest on alerts.system is about, written before it is told.
CREATE TABLE IF NOT EXISTS alert_escalations
(
    kind LowCardinality(String) COMMENT 'fraud or churn',
    number UInt64 COMMENT 'of the digests of this kind',
    alert_id String,
    since_ms Int64 COMMENT 'from which on it waited for somebody: raised, or the end of its snooze',
    score Float32,
    at_ms Int64 COMMENT 'by the clock'
)
ENGINE = ReplacingMergeTree
ORDER BY (kind, number, alert_id)
SETTINGS non_replicated_deduplication_window = 1000;

-- A row is written once the digest is delivered.
CREATE TABLE IF NOT EXISTS alert_digests
(
    kind LowCardinality(String),
    number UInt64,
    system_alert_id String COMMENT 'under which it was told',
    alerts UInt64,
    at_ms Int64
)
ENGINE = ReplacingMergeTree(at_ms)
ORDER BY (kind, number)
SETTINGS non_replicated_deduplication_window = 1000;
