"""The demo: a shop's year of orders through a real broker, two workers and a real ClickHouse engine.

``run``      the steps
``figures``  what ClickHouse says afterwards
``show``     the summary for a person
"""
