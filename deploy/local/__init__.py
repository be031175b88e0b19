"""A stack that runs on a laptop: a Kafka broker and ClickHouse, each a process of its own on loopback."""
