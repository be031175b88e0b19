"""Segments in ClickHouse, for the commands.

``files``   which segments there are
``count``   how many shoppers are in each, live, and as of the last round
``members`` who is in one, with the reasons, to a file
``diff``    who came and who went since a time
``rounds``  what the leader's rounds had seen
``changes`` changes as rows and messages, and the members that follow from them
``verify``  whether the members are those that the raw events make, and the changes give them
``judged``  how well they tell what only a simulation knows
``uplift``  whether those who were treated buy more than those held out
"""
