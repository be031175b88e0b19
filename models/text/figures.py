"""What an engine has done, for metrics."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(kw_only=True)
class TextFigures:
    """Sums since the engine was opened."""

    texts: int = 0
    """Scored or given a reason."""
    failed: int = 0
    """Of these, with a reason."""
    hits: int = 0
    """Of these, not read by the model, as the same text had been or was being."""
    tokens: int = 0
    """Read by the model."""
    padding: int = 0
    """Tokens read beside these, for the shape of batches."""
    batches: int = 0
    out_of_memory: int = 0
    """Batches that had to be halved."""
    tokenise_s: float = 0.0
    """Of the stage's thread at work; stages overlap."""
    forward_s: float = 0.0
    """As of :attr:`tokenise_s`, over all threads."""
    finish_s: float = 0.0
    """As of :attr:`tokenise_s`."""

    @property
    def padding_share(self) -> float:
        """Of the tokens that the model was made to read."""
        return self.padding / max(self.tokens + self.padding, 1)
