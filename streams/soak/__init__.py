"""The soak: a steady load over a stack of its own, with kills, after which everything must be there once.

``run``      the steps, from an empty folder to a verdict
``load``     the simulation, sent in the background
``faults``   what is killed, and when
``memory``   what processes take, and whether it grows
``report``   what was found
``show``     the report for a person
"""
