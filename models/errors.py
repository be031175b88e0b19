"""The errors of the models.

ModelError
├── SnapshotRefused    a snapshot isn't what this process may load; nothing of it was unpickled
└── NotFlattened       a pipeline has no form that workers could score; nothing of it was published
"""

from __future__ import annotations


class ModelError(Exception):
    """Its message is one line, written for the operator."""


class SnapshotRefused(ModelError):
    """Unsigned, signed with another key, altered, or made by another River or for other features."""


class NotFlattened(ModelError):
    """What learns has to be something that can be flattened: change the model's factory."""
