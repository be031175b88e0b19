"""What one worker does for all: the leader's duties, one after another on a thread of their own.

``duty``      what a duty is, and the leader that does them in turn
``learning``  the models that take part learn what is due
``sweeping``  silent shoppers are scored once a day of event time
``telling``   which of them are alerts
``sampling``  which of their scores will be learnt
``duties``    which there are

A duty keeps nothing that the tables don't hold: whoever leads next goes on from there. Two leaders at once, for as long
as the one before hasn't heard of the other, write the same rows or such as the later overrules.
"""
