"""The demo: a shop through a real broker, two workers and a real ClickHouse engine.

``scenario``   what a demo is made of: a source, its pace, what is told at the end
``scenarios``  which there are
``simulated``  a simulated shop, with what only its truth knows: by ``caught`` of frauds and churn
``retail``     a real shop's year of ``orders``
``similar``    reviews that are like one another
``run``        the steps, the same for each
``waits``      what they wait for
``figures``    what ClickHouse says after any of them
``show``       the summary for a person
"""
