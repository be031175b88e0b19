"""Measures what this machine can do: ``footfall bench``.

``shop``            realistic events
``load``            these, or those of the simulation
``laboratory``      servers of its own in a temporary folder; a database and a consumer group for each measurement
``models``          snapshots that score, without weeks of labels
``warm_up``         a first run that isn't counted
``worker_run``      the real worker over a topic, from its start to its end
``plain_worker``    the same work as the Faust documentation would do it, with ``plain_profile`` and ``plain_features``
``breakdown``       a worker's CPU time as microseconds an event, by stage
``pipeline``        worker and plain worker in turn
``growth``          few and many shoppers; memory and the setting that bounds it
``latency``         from produced to alerted, and to visible
``members``         a million shoppers, made inside ClickHouse
``segments``        counting all segments, and the leader's rounds
``privacy``         pseudonyms, and looking for who was erased, an event
"""
