"""Segments in ClickHouse, for the commands.

``files``   which segments there are
``count``   how many shoppers are in each, live, and as of the last round
``members`` who is in one, with the reasons, to a file
``diff``    who came and who went since a time
``uplift``  whether those who were treated buy more than those held out
"""
