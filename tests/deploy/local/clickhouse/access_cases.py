"""What each user may do and may not, statement by statement."""

from __future__ import annotations

from schemas.access import ANALYST, CONSOLE, WORKER

EVERYBODY = (WORKER.user, CONSOLE.user, ANALYST.user)
LIMITED = (CONSOLE.user, ANALYST.user)

HARMLESS = (
    "SELECT 1",
    "SELECT 'a; b' AS `two words`, [1, 2][1], map('a', 1)['a'], (1, 'x').2, 1::Int8, -1, NULL",
    "SELECT segment, shoppers FROM analyst_segments ORDER BY shoppers DESC LIMIT 3",
    "SELECT s.segment, sum(s.shoppers) OVER (PARTITION BY s.segment) FROM analyst_segments AS s",
    "WITH large AS (SELECT segment FROM analyst_segments WHERE shoppers > 1) SELECT count() FROM large",
    "SELECT segment FROM analyst_segments WHERE segment IN (SELECT segment FROM analyst_segment_days)",
    "SELECT toStartOfMonth(day) AS month, sum(revenue) FROM analyst_sales GROUP BY month WITH TOTALS ORDER BY month",
    "SELECT a.day, b.shoppers FROM analyst_sales AS a LEFT JOIN analyst_interest AS b USING (day)",
    "SELECT arrayMap(x -> x + 1, [1, 2]), arrayMap(negate, [1]), countIf(shoppers > 1) FROM analyst_segments",
    "SELECT kind, quantilesIf(0.5, 0.9)(roc_auc, scores > 1) FROM analyst_models GROUP BY kind",
    "SELECT * EXCEPT (reason) FROM analyst_churn UNION ALL SELECT 0.5, 1",
    "SELECT shoppers FROM {database}.analyst_segments",
    "SELECT model, max(value) FROM model_drift FINAL GROUP BY model",
    "SELECT toDateTime(day) AS time, kind, shoppers FROM analyst_alerts WHERE day > toDate('2026-01-01') ORDER BY time",
)

READ_BY_CONSOLE = (
    "SELECT user_id, amount FROM events FINAL WHERE user_id = 'somebody'",
    "SELECT count() FROM profiles",
    "SELECT user_id FROM segment_loyal",
    "SELECT now_ms FROM event_clock",
    "SELECT count() FROM alerts AS a LEFT JOIN events AS e ON a.event_id = e.event_id",
    "SELECT reason FROM dead_letters ORDER BY offset DESC LIMIT 5",
    "SELECT version FROM models",
)
"""And not by analysts."""

DONE_BY_WORKER = (
    "CREATE TABLE IF NOT EXISTS mine (a Int8) ENGINE = MergeTree ORDER BY a",
    "INSERT INTO mine SELECT 1",
    "ALTER TABLE mine ADD COLUMN IF NOT EXISTS b Int8",
    "ALTER TABLE mine DELETE WHERE a = 2 SETTINGS mutations_sync = 1",
    "OPTIMIZE TABLE mine FINAL",
    "CREATE OR REPLACE VIEW my_view AS SELECT a FROM mine",
    "DROP VIEW IF EXISTS my_view",
    "SHOW CREATE TABLE mine",
    "TRUNCATE TABLE IF EXISTS mine",
    "DROP TABLE IF EXISTS mine",
)
"""In this order, and by no other."""

FORBIDDEN = (
    # Writing.
    "INSERT INTO dead_letters (reason) SELECT 'x'",
    "INSERT INTO dead_letters (reason) VALUES",
    "INSERT INTO FUNCTION file('stolen.csv', 'CSV', 'a Int8') SELECT 1",
    "ALTER TABLE events DELETE WHERE 1",
    "ALTER TABLE events UPDATE amount = 0 WHERE 1",
    "ALTER TABLE events MODIFY TTL ts + INTERVAL 1 DAY",
    "DELETE FROM events WHERE 1",
    "DROP TABLE events",
    "TRUNCATE TABLE events",
    "OPTIMIZE TABLE events FINAL",
    "RENAME TABLE events TO others",
    "EXCHANGE TABLES events AND profiles",
    "CREATE TABLE mine (a Int8) ENGINE = Memory",
    "CREATE VIEW mine AS SELECT 1",
    "CREATE OR REPLACE VIEW analyst_segments AS SELECT * FROM events",
    "CREATE MATERIALIZED VIEW mine ENGINE = Memory AS SELECT * FROM events",
    "CREATE DICTIONARY mine (a UInt64) PRIMARY KEY a SOURCE(CLICKHOUSE(TABLE 'events')) LAYOUT(FLAT()) LIFETIME(0)",
    "CREATE FUNCTION mine AS x -> x",
    "CREATE DATABASE mine",
    "SYSTEM FLUSH LOGS",
    "BACKUP TABLE events TO File('stolen')",
    "KILL MUTATION WHERE 1",
    # Other users, and more rights.
    "CREATE USER mine",
    "GRANT ALL ON *.* TO footfall_analyst",
    "ALTER USER footfall_analyst IDENTIFIED WITH no_password",
    # Limits.
    "SET readonly = 0",
    "SET max_execution_time = 0",
    "SET additional_table_filters = {'segment_members': 'user_id = \\'somebody\\''}",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT 1 SETTINGS max_memory_usage = 0",
    "SELECT * FROM analyst_segments SETTINGS additional_table_filters = {'segment_members': 'user_id != \\'a\\''}",
    # Beyond the database.
    "SELECT * FROM file('/etc/hostname', 'LineAsString')",
    "SELECT * FROM file('/etc/hostname')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
    "SELECT * FROM s3('http://127.0.0.1:1/a.csv', 'CSV', 'a String')",
    "SELECT * FROM remote('127.0.0.1', currentDatabase(), 'events')",
    "SELECT * FROM executable('id', 'LineAsString', 'a String')",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM system.query_log",
    "SELECT * FROM system.processes AS p, system.users",
    "SELECT * FROM system.parts",
)
"""To console and analysts."""

UNSEEN = (
    "SELECT * FROM events",
    "SELECT user_id FROM profiles LIMIT 1",
    "SELECT embedding FROM review_scores",
    "SELECT * FROM segment_members",
    "SELECT * FROM segment_loyal",
    "SELECT * FROM shoppers_now",
    "SELECT count() FROM {database}.events",
    "SELECT count() FROM `{database}`.`events` AS analyst_segments",
    "SELECT (SELECT max(user_id) FROM events)",
    "SELECT (SELECT max(user_id) FROM events) FROM analyst_segments",
    "SELECT 1 WHERE 'a' IN (SELECT user_id FROM events)",
    "SELECT 1 FROM analyst_segments WHERE 'x' GLOBAL NOT IN (SELECT user_id FROM labels)",
    "SELECT tuple(1, 2) IN assignments",
    "WITH assignments AS t SELECT tuple(1, 2) IN t",
    "SELECT tuple(1, 2) IN {database}.assignments",
    "SELECT tuple(1, 2) NOT IN (assignments)",
    "WITH t AS (SELECT * FROM events) SELECT * FROM t",
    "WITH events AS (SELECT 1 AS one) SELECT * FROM events",
    "WITH RECURSIVE t AS (SELECT user_id FROM events UNION ALL SELECT user_id FROM t) SELECT * FROM t",
    "SELECT 1 UNION ALL SELECT toUInt8(count()) FROM events",
    "SELECT 1 INTERSECT SELECT 1 FROM events",
    "SELECT count() FROM analyst_segments, events",
    "SELECT * FROM analyst_segments LEFT JOIN events ON 1 = 1",
    "SELECT count() OVER (PARTITION BY (SELECT max(user_id) FROM events)) FROM analyst_segments",
    "SELECT count() OVER w FROM analyst_segments WINDOW w AS (ORDER BY (SELECT max(user_id) FROM events))",
    "SELECT shoppers FROM analyst_segments LIMIT (SELECT count() FROM events)",
    "SELECT shoppers FROM analyst_segments ORDER BY (SELECT max(user_id) FROM events)",
    "SELECT 1 AS a, 2 AS b ORDER BY a WITH FILL INTERPOLATE (b AS (SELECT 1 FROM events))",
    "SELECT 1 FROM analyst_segments GROUP BY segment HAVING count() > (SELECT count() FROM events)",
    "SELECT arrayMap(x -> (SELECT count() FROM events), [1])",
    "SELECT * REPLACE ((SELECT max(user_id) FROM events) AS segment) FROM analyst_segments",
    "SELECT EXISTS(SELECT 1 FROM events)",
    "SELECT 'a' = ANY(SELECT user_id FROM events)",
    "SELECT * FROM merge('{database}', 'events')",
    "SELECT * FROM merge('events')",
    "SELECT * FROM view(SELECT * FROM events)",
    "SELECT * FROM viewIfPermitted(SELECT user_id FROM events ELSE null('user_id String'))",
    "SELECT * FROM (EXPLAIN SELECT * FROM events)",
    "SELECT * FROM cluster('default', '{database}', 'events')",
    "SELECT * FROM loop('{database}', 'events')",
    "SELECT * FROM mergeTreeIndex('{database}', 'events')",
    "SELECT joinGet('events', 'amount', 'somebody')",
    "SELECT dictGet('{database}.events', 'amount', 'somebody')",
    "SHOW CREATE TABLE events",
    "DESCRIBE TABLE events",
    "EXPLAIN AST SELECT 1 FROM events",
    "EXPLAIN ESTIMATE SELECT * FROM events",
    "CHECK TABLE events",
)
"""By analysts, beside what the console reads."""

HERE_ONLY = (
    # Files are tables and functions to the local engine.
    "SELECT * FROM `/etc/hostname`",
    "SELECT * FROM {database}.`/etc/hostname`",
    "WITH `/etc/hostname` AS (SELECT 1) SELECT * FROM `/etc/hostname`",
    "WITH `/etc/hostname` AS f SELECT 'x' IN f",
    "SELECT 'x' IN `/etc/hostname`",
    "SELECT file('/etc/hostname')",
    "SELECT FILE('/etc/hostname')",
    "SELECT arrayMap(file, ['/etc/hostname'])",
    "WITH file AS f SELECT arrayMap(f, ['/etc/hostname'])",
    "SELECT * APPLY(x -> file(x)) FROM analyst_segments",
    "SELECT COLUMNS('segment') APPLY file FROM analyst_segments",
    "SELECT 1 INTO OUTFILE 'stolen.csv'",
    "SELECT 1 INTO OUTFILE 'stolen.csv' FORMAT CSV",
    "CREATE TEMPORARY TABLE mine (a Int8)",
    "SELECT * FROM system.tables",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM numbers(3)",
    "SELECT * FROM analyst_segments WHERE throwIf(segment = 'loyal') = 0",
    "SELECT sleep(3)",
    "SELECT getServerSetting('users_to_ignore_early_memory_limit_check')",
    "EXPLAIN SELECT 1",
    "SHOW TABLES",
    "USE system",
    "DESCRIBE TABLE analyst_segments",
    "EXISTS TABLE events",
    "KILL QUERY WHERE 1",
    "SELECT 1 PARALLEL WITH DROP TABLE events",
    # A second statement.
    "SELECT 1; DROP TABLE events",
    "SELECT 1;\n-- harmless\nSELECT * FROM events",
    "SELECT 1 /* ; */ ; SET readonly = 0",
)
"""To console and analysts; a server refuses these in other ways or allows the harmless among them."""

Case = tuple[str, str, bool]


def cases(*, local: bool) -> list[Case]:
    """User, statement, and whether it is allowed."""
    found = [(user, sql, True) for user in EVERYBODY for sql in HARMLESS]
    found += [(user, sql, user != ANALYST.user) for user in EVERYBODY for sql in READ_BY_CONSOLE]
    found += [(WORKER.user, sql, True) for sql in DONE_BY_WORKER]
    found += [(user, sql, False) for user in LIMITED for sql in (*DONE_BY_WORKER, *FORBIDDEN)]
    found += [(ANALYST.user, sql, False) for sql in UNSEEN]
    found += [(user, sql, False) for user in LIMITED for sql in HERE_ONLY if local]
    return found
