"""HTTP in a process that does something else: on a thread of its own, loopback by default.

``address``   where to listen, and that beyond loopback a token is needed
``token``     whether a request carries it
``answers``   JSON, errors included
``probes``    ``/healthz``, ``/readyz`` and ``/metrics``, the same in every process
``serving``   the thread that serves
"""
