"""Everything that touches the outside: Kafka through Faust, ClickHouse, the command line."""
