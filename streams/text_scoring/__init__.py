"""Scoring files of texts.

``rows``     files as rows, in and out
``score``    rows through the engine, a window at a time
``progress`` a count on the terminal
"""
