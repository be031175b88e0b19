"""The text worker: reviews in, what the text model reads in them out, as rows and as messages to the scoring workers.

``intake``    a run of records becomes a portion: its reviews that nobody has scored yet
``window``    portions that go through the engine together, and what is written of them
``flush``     writes a window, in the order on which exactness rests
``pipeline``  what the transport calls: portions, windows, flushes, acks
``pace``      how many texts a window may have
``flight``    windows in the engine
``lag``       how far behind the worker is, and whether that is too far
``spells``    what operators are told of it
``watch``     looks at the lag, and tells
``model``     the engine, ready to read
``asked``     what an HTTP request asks for, and the answer
``server``    HTTP: texts to score, probes, metrics
``metrics``   what Prometheus is told

Its log in the ledger is ``reviews.text``: the topic ``reviews``, read by a group of its own.
"""
