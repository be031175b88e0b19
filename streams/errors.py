"""The errors that an operator may meet, and what each asks for.

FootfallError
├── Retryable    the outside failed for now: tried again by itself, with a deadline
├── Invalid      one record or one argument is wrong: a dead letter, or exit status 2
└── Fatal        the worker can't go on: it stops with this one line, and nothing is acknowledged
    ├── SettingError    an environment variable holds what it can't
    └── SnapshotUnusable    a model may not be scored with: a worker that has another goes on with that one
"""

from __future__ import annotations


class FootfallError(Exception):
    """Its message is one line, written for the operator."""


class Retryable(FootfallError):
    """A service is out of reach or overloaded. Nothing to do unless it lasts."""


class Invalid(FootfallError):
    """What was given can't be used. Correct it and give it again."""


class Fatal(FootfallError):
    """Going on would lose or double something. Remove the cause and start the worker again."""


class SettingError(Fatal):
    """A setting is missing or wrong; the message names the variable and what it accepts."""


class SnapshotUnusable(Fatal):
    """A model snapshot isn't signed, was altered or cleared, or is of another River or for other features."""
