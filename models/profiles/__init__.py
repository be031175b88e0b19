"""Profiles: what is known of each shopper, item, device, card, address and merchant, as mergeable aggregates.

``state``    the arrays that hold profiles, and their form as table columns
``kernel``   the one pass that reads each event's profile as it was before the event, then adds the event
``table``    profiles by id: slots, the LRU of clean rows, what is dirty
``merge``    two partial profiles into one
``hll``      HyperLogLog registers
``days``     sets of days
``recent``   the last seen few of a set
"""
