"""Low-rank changes to an encoder (LoRA, Hu et al., 2021): W + scale · B A in place of W, for some of its linear layers.

Learnt by peft, and merged into the weights before anything is scored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from peft import LoraConfig, LoraModel
from torch import Tensor, nn
from transformers import PreTrainedModel


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """What turns a base's encoder into another one.

    Attributes
    ----------
    base
        Folder or name of the base, empty for the encoder that comes with Footfall.
    fingerprint
        Of the base's weights: the changes mean nothing to others.
    factors
        By layer: its name with ``.A`` (rank, in) or ``.B`` (out, rank).
    """

    base: str
    fingerprint: str
    scale: float
    factors: Mapping[str, Tensor]


def attach(encoder: PreTrainedModel, layers: nn.ModuleList, *, rank: int, scale: float) -> LoraModel:
    """Gives every linear layer in ``layers``, which are the encoder's, factors to learn; freezes all else."""
    inside = {id(module) for module in layers.modules() if isinstance(module, nn.Linear)}
    names = [name for name, module in encoder.named_modules() if id(module) in inside]
    config = LoraConfig(r=rank, lora_alpha=round(scale * rank), target_modules=names)
    return LoraModel(encoder, config, "default")


def detach(lora: LoraModel) -> dict[str, Tensor]:
    """Takes the factors out, which leaves the encoder as it was before :func:`attach`."""
    factors = {}
    for name, module in lora.model.named_modules():
        if hasattr(module, "lora_A"):
            factors[f"{name}.A"] = module.lora_A["default"].weight.detach().clone()
            factors[f"{name}.B"] = module.lora_B["default"].weight.detach().clone()
    lora.unload()
    return factors


@torch.no_grad()
def merge(encoder: PreTrainedModel, adapter: Adapter) -> None:
    """Changes the encoder's weights. Raises ``AttributeError`` or ``RuntimeError`` where they are of another shape."""
    for name in sorted(key.removesuffix(".A") for key in adapter.factors if key.endswith(".A")):
        weight = encoder.get_submodule(name).get_parameter("weight")
        weight.add_(adapter.factors[f"{name}.B"] @ adapter.factors[f"{name}.A"], alpha=adapter.scale)
