-- Merchants, cards, devices and addresses that have, or had, a fraud: how many of their purchases were labelled of late, and
-- how many of those were frauds. The counts are as of last_ms, and decay from there on by exp(-age / scale).
CREATE TABLE IF NOT EXISTS risks
(
    kind UInt8,
    id String,
    version UInt64 COMMENT 'of the labels that are in it: a later row takes the place of an earlier one',
    last_ms Int64 COMMENT 'event time of the latest purchase that was labelled',
    frauds Int64 COMMENT 'all there were',
    labels_1d Float64,
    labels_7d Float64,
    labels_30d Float64,
    frauds_1d Float64,
    frauds_7d Float64,
    frauds_30d Float64,
    kind_name Enum8('user' = 0, 'item' = 1, 'device' = 2, 'card' = 3, 'ip' = 4, 'merchant' = 5) ALIAS CAST(kind, 'Enum8(\'user\' = 0, \'item\' = 1, \'device\' = 2, \'card\' = 3, \'ip\' = 4, \'merchant\' = 5)')
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (kind, id)
SETTINGS non_replicated_deduplication_window = 1000;
