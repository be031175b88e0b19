"""The contracts: events, topics, tables, alerts, dead letters. Pure: nothing here opens a connection."""
