"""What the deployment already uses and the product doesn't have yet."""

SETTINGS = {
    "FOOTFALL_CLICKHOUSE_ANALYST_PASSWORD",
    "FOOTFALL_CLICKHOUSE_CONSOLE_PASSWORD",
    "FOOTFALL_CLICKHOUSE_WORKER_PASSWORD",
    "FOOTFALL_CONSOLE_CLICKHOUSE",
    "FOOTFALL_CONSOLE_HTTP",
    "FOOTFALL_CONSOLE_TOKEN",
}
COMMANDS = {"console"}
PATHS = {"deploy/prometheus", "deploy/grafana/provisioning", "deploy/grafana/dashboards"}
SECRETS_READ = {"prometheus": {"http_token", "console_token"}, "grafana": {"clickhouse_analyst_password"}}
"""By the files in those folders."""
