"""``footfall audit``: whether every record that Kafka thinks done left exactly the rows that it should.

``findings`` judges one partition, purely; ``tables`` counts rows in ClickHouse, ``broker`` asks Kafka, ``run`` brings
the three together and ``show`` prints. ``kept`` leaves out what retention may have removed, and ``expired`` tells
others that need all events whether they are there.
"""
