"""What analysts see: aggregates over many shoppers, each a view whose SELECT is a file in this folder.

``views``  the views that follow from the files

No shopper, card, address, device, order or text is in any of them, and no group of fewer shoppers than the least:

- A group with fewer isn't there. A query over a view can't make one smaller either: all that it may name are the view's
  columns, each of which is a key or an aggregate of whole groups.
- Numbers of shoppers are rounded down to a multiple of the least group. Two groups, or the same at two times, can't be
  told apart by one shopper, and what a hidden group holds can't be had by taking those shown from their sum.
- What happened is shown by days that are over, so that no group changes with a single event.
- A sum is shown by one breakdown only, to two digits, and not where one shopper makes up more than half of it.
- Each view ends in a LIMIT, which ClickHouse can't move a condition across. Without it, one that fails on some key (a
  division by zero) would be tried on the hidden groups, too, and tell that they exist.

What remains: who can act as several shoppers may push a group across a multiple and learn that it stood just below;
averages are of exact values, to two digits; and whoever knows all of a group but one learns about that one what its
average says. Take a larger least group where that matters.
"""
