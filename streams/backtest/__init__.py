"""Back-tests: what serves and learns, run over a data set in event time, as fast as it goes.

``clock``     events of the contract, cut at the times at which models are renewed
``awaiting``  scores that wait for their label
``activity``  on which days shoppers did something, by which silence is told
``online``    a model: what learns, its snapshots, what scores
``judged``    scores that got their label
``run``       the loop: learn what has come due, score, wait
``sweeps``    shoppers looked at while they are silent
``protocol``  the Fraud Detection Handbook's test weeks
``cutoffs``   churn after given days
``periods``   metrics by week or month
``trials``    what each data set is tested for
``ablation``  the same without some features, or with another model
``tables``    events and labels as the tables have them, in event time
``live``      a candidate beside the champion, over the last days in the tables
``changes``   what would have changed: alerts gained and lost, and the money in them
``show``      results as tables
``plot``      results as a picture

Kafka isn't needed, nor ClickHouse but for ``live``, and nothing reads a clock: two runs give the same.
"""
