"""The scoring worker: from a run of records to durable rows.

    transport ──▶ pipeline ──▶ processor (compute thread) ──▶ cut ──▶ flush (writer thread) ──▶ ack

``pipeline``    what the transport calls; owns the two threads and the flow between them
``claims``      what an owner of a partition needs: its epoch, where it starts, what came just before
``takeover``    what a worker reads of partitions before their first run
``processor``   decode, tell duplicates, hydrate, score
``hydration``   profiles from ClickHouse
``alerting``    which scores are alerts
``breaker``     stops a worker that drains a topic into dead letters
``cut``         what one flush writes, as columns
``flush``       the order in which it is written
``delivery``    alerts and dead letters to their topics
``figures``     what was done, as plain numbers
``metrics``     what Prometheus is told of it
``health``      whether it is alive and does its work
``server``      HTTP: probes and metrics
``machine_code``  what numba compiles, before the first run
``costs``       CPU time by stage
"""
