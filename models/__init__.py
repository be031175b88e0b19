"""Pure and columnar: profiles, features, scores, learning. No Kafka, no ClickHouse, no clock."""
