"""Pseudonyms, and the erasure of a person.

Identifiers (shopper, card, address, device) come in by the shop's topics alone. What every reader does first with a run
of records is ``ingest``:

    records ─▶ columns ─▶ without who was erased ─▶ pseudonyms, by setting ─▶ duplicates, profiles, rows, topics

so behind it there is nobody who was erased and, with a key, no identifier: not in a table, in memory, on a topic of
ours or among the dead letters. What is on ``reviews.scored`` has been through it and is told by the form of its ids.
The records themselves are keyed, and stay on the shop's topics for as long as the shop keeps them.

An erasure (``erase``) is this, and doing it again at any time completes or repeats it, with the same outcome:

1. a *tombstone* with a number says who: by digests under the operator's key, so that nobody learns an id from it.
   Readers look for a higher number every few seconds, and once more whenever they have claimed partitions, before they
   take in a record
2. it waits until all owners of partitions have taken it up: have flushed what they had, dropped what is about the
   person from memory, and said so in ``erasures_seen``. An owner that claims from now on finds the tombstone
3. what else tells of the person alone is found: cards, devices and addresses that nobody else has used
4. the runs of the ledger get their records counted as erased, then rows go: with all versions, the events last
5. a second tombstone, of these as well, and all are waited for again. The leader reads tables and writes what follows
   from them; whatever it had read before the rows were gone has been written by then, and goes in a second pass
6. on topics of ours, each record about the person is followed by one of its key without a value, and compacted away
7. nothing must be left in any version of any row; then there is a signed receipt

A replay of any record meets the tombstone and counts as erased in the ledger. What remains are sums over many people,
of items, merchants and what several people paid with, and the weights of models; the next ``footfall rebuild`` makes
the sums without the person.

``keys``       of the settings; ids as the tables have them
``ingest``     leaves out and replaces
``letters``    dead letters without identifiers, and whose they are
``originals``  their records on the topic, to be sent again
``stones``     writing tombstones
``tombstones`` reading them, and saying that they were taken up
``owners``     who hasn't
``people``     who is to be erased, by which ids
``erase``      the order of it all
``runs``, ``kept_letters``, ``tables``, ``topics``    where a person is, and out of it
``attempts``   how many rows there were, across runs that broke off
``receipt``    signed, and verified
"""
