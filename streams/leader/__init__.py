"""What one worker does for all: the leader's duties, one after another on a thread of their own.

``duty``       what a duty is, and the leader that does them in turn
``risks``      labels that have arrived, counted for merchants, cards, devices and addresses
``learning``   the models that take part learn what is due
``budget``     from which score on alerts go out
``sweeping``   silent shoppers are scored once a day of event time
``silence``    which of them are alerts
``sampling``   which of their scores will be learnt
``segments``   who has entered and left which is told
``drift``      what isn't as it was is told: by ``score_drift``, ``loss_drift`` and in the words of ``findings``
``escalation`` alerts that nobody acknowledges are told
``telling``    alerts about Footfall itself
``watermark``  how far event time has come
``duties``     which there are

A duty keeps nothing that the tables don't hold: whoever leads next goes on from there. Two leaders at once, for as long
as the one before hasn't heard of the other, write the same rows or such as the later overrules.
"""
