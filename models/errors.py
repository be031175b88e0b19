"""The errors of the models.

ModelError
└── SnapshotRefused    a snapshot isn't what this process may load; nothing of it was unpickled
"""

from __future__ import annotations


class ModelError(Exception):
    """Its message is one line, written for the operator."""


class SnapshotRefused(ModelError):
    """Unsigned, signed with another key, altered, or made by another River or for other features."""
