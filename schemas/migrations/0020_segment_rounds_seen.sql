-- What a round of the leader saw: so it is known whether anything has come since, and of whom a round could not know.
ALTER TABLE segment_rounds
    ADD COLUMN IF NOT EXISTS seen Map(String, Int64) COMMENT 'topic/partition: the last offset done when it looked, sweep/partition: the midnight; empty where another leader ended it';
