"""The errors of the models.

ModelError
├── SnapshotRefused    a snapshot isn't what this process may load; nothing of it was unpickled
├── NotFlattened       a pipeline has no form that workers could score; nothing of it was published
├── TextModelUnusable  a folder or name holds no text model that may be loaded
├── TextEngineStopped  it was closed, or a part of it died: it scores nothing any more
└── ExamplesRefused    texts with labels can't be learnt from, or not as asked for
"""

from __future__ import annotations


class ModelError(Exception):
    """Its message is one line, written for the operator."""


class SnapshotRefused(ModelError):
    """Unsigned, signed with another key, altered, or made by another River or for other features."""


class NotFlattened(ModelError):
    """What learns has to be something that can be flattened: change the model's factory."""


class TextModelUnusable(ModelError):
    """Not there, incomplete, only pickled, without heads, of code of its own, or an adapter of another base."""


class ExamplesRefused(ModelError):
    """Labels that mean nothing, too few texts, or more layers frozen than there are."""


class TextEngineStopped(ModelError):
    """Open another one. After a death its cause is a bug or a device that failed, never a text."""
