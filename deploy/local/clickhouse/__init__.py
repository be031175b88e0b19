"""ClickHouse for one machine: the chDB engine behind ClickHouse's native TCP protocol and HTTP.

    python -m deploy.local.clickhouse --data DIR --tcp-port 9000 --http-port 8123

Inside out: `engine` and `session` run SQL; `column_types` and `blocks` find where a Native block ends; `wire`
and `compression` carry bytes, `packets` gives them meaning, `exchange` moves blocks; `client` answers one
connection of `tcp_server`, `http_server` answers curl and Grafana; `watch` notices those who left. Who connects is
one of `account`, and may have a `limited` session, whose `guard` judges each statement by the `functions` and tables
in it.
"""
