"""The alert desk: what people see of alerts, and what they do about them.

``standing``    how an alert stands: open, snoozed, acknowledged, expired or suppressed
``listing``     alerts with their standing
``acknowledge`` a verdict on alerts, sent to the labels topic
``snooze``      alerts put off until a time
``stats``       how many there were, how fast they were acknowledged, and how many were right
``tail``        alerts as they come
``show``        all that in words and rows

All but ``acknowledge`` and ``tail``, which need Kafka and are for an event loop, block the thread that calls them. What
is given by people is a parameter of queries, never a part of them.
"""
