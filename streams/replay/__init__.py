"""Data sets turned into events of the contract and sent to Kafka, at any speed."""
