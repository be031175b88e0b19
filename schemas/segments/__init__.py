"""Segments: groups of shoppers that marketing acts on, each a small SQL file in this folder.

``definition`` what such a file holds
``shoppers``   the view that the files are written over: every shopper as of now, silent or not
``views``      all views that follow from the files
``moves``      who enters and who leaves, of all segments by one scan
``changes``    the format of a change on the topic

Now is event time: as far as the events have come, so a replay of last year has the segments of last year.
"""
