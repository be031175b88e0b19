"""The weights to keep, and when to stop."""

from __future__ import annotations

from torch import Tensor, nn


class Best:
    """Keeps what a module had learnt when validation was best.

    Parameters
    ----------
    patience
        Rounds without a better one after which it is time to stop.
    """

    def __init__(self, module: nn.Module, patience: int) -> None:
        self._module = module
        self._patience = patience
        self._since = 0
        self._kept: dict[str, Tensor] = {}
        self.quality = float("-inf")

    def add(self, quality: float) -> bool:
        """``quality`` of the weights as they are now, the higher the better. Tells whether to go on."""
        if quality > self.quality:
            self.quality, self._since = quality, 0
            self._kept = {name: weights.detach().clone() for name, weights in self._learnt()}
        else:
            self._since += 1
        return self._since < self._patience

    def restore(self) -> None:
        for name, weights in self._learnt():
            weights.data.copy_(self._kept[name])

    def _learnt(self) -> list[tuple[str, nn.Parameter]]:
        return [(name, weights) for name, weights in self._module.named_parameters() if weights.requires_grad]
