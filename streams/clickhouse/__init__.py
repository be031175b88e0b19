"""ClickHouse: columns in, columns out, each fault tried again or told in one line.

``connection`` makes a client of the driver from the settings; ``session`` keeps one for a thread and tries again;
``faults`` says what is worth it. ``columns`` is the wire form of a column and ``blocks`` carries blocks of them, at a
tenth of what the driver's own conversions cost. ``writer`` inserts, ``reader`` selects; ``ledger`` asks what is done.
``migrate`` brings the tables up to date.
"""
