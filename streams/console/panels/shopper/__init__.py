"""A shopper's page.

``profile``  the numbers of the profile, as of now in event time
``churn``    how likely silence is, and why
``history``  the last events, and the scores over time
``belongs``  the segments that the shopper is in
``page``     all of it
"""
