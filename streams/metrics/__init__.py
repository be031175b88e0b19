"""What Prometheus is told of a process.

``names``       which metrics there are, what each means, and what its labels are
``spread``      a histogram that costs next to nothing to add to
``services``    how Kafka and ClickHouse answer, counted for the whole process
``exposition``  Prometheus' text format, made when somebody asks

Whatever is counted is counted per run, flush or insert, never per event, and nothing is put together before it is asked
for. No label holds anybody's id, a text, or any word that came in a record.
"""
