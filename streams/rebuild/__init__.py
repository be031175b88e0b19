"""Recomputing the profiles from the events, side by side with the live ones.

``plan`` finds which events belong to which partition, ``source`` reads them in chunks, ``fold`` makes them profiles
within bounded memory. ``workspace`` keeps those and how far they came, so that a later run can go on; ``swap`` puts
them in the place of the live ones, while ``group`` keeps workers away. ``comparison`` tells what has changed. ``run``
is the order of it all, and ``show`` prints its report.
"""
