"""A simulated shop: an endless stream of events whose truth is known, drawn from one seed.

``shop``        what may be chosen of it
``seasons``     how busy hours, weekdays and months are
``catalogue``   what is on sale, how dear and how good
``shoppers``    who comes, with which tastes, from when to when
``visits``      a visit's steps from the first view to the purchase
``rings``       fraudsters: testers of cards, takers of accounts, abusers of refunds
``aftermath``   what follows a purchase by days: its return, its review, its chargeback
``delivery``    what comes late, twice or broken
``rows``        an event as numbers
``encode``      from such rows to JSON
``simulation``  all of this, advanced a tick of event time at a time
``truth``       what was sent and what was behind it, for comparison
``known``       the truth in memory
``arrived``     whether the tables hold what was sent
"""
