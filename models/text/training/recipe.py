"""All that is to be chosen in training, with what is chosen where nothing is said."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a model is trained.

    The defaults are the cheapest of those that were tried. Trained on 2,000 sentences from Yelp and IMDb and judged by
    the 1,000 from Amazon, one seed each, where chance alone is worth a point of accuracy: 0.907 as they stand; 0.920
    with only the embeddings frozen, 4 epochs at half the rate and nothing that keeps the embedding; 0.917 for the
    adapter, which learnt from joined texts as well; 0.857 for a logistic regression on the encoder as it comes.

    Parameters
    ----------
    lr, head_lr
        Highest learning rates, of the encoder's top layer and of the heads.
    layer_decay
        Each layer learns at this times the rate of the one above.
    freeze
        Layers from the lowest on that stay as they are, the embeddings with them; 0 trains everything.
    lora_rank, lora_scale
        Rank of the changes where an adapter is learnt, 0 for the weights themselves.
    keep
        Weight of staying near the base's embedding.
    class_power
        Sentiments weigh frequency ** -class_power: 0 for as they come, 1 for all classes alike.
    validation
        Share of the texts that is held out to tell when to stop; 0 for none, and all epochs.
    patience
        Epochs without a better validation after which training stops.
    precision
        ``bf16`` computes the encoder in mixed precision, ``auto`` where the processor has instructions for it.
    """

    epochs: int = 3
    lr: float = 1e-4
    head_lr: float = 1e-3
    batch_size: int = 32
    freeze: int = 2
    layer_decay: float = 0.9
    lora_rank: int = 0
    lora_scale: float = 2.0
    keep: float = 1.0
    class_power: float = 0.5
    weight_decay: float = 0.01
    warmup: float = 0.1
    clip: float = 1.0
    max_tokens: int = 256
    validation: float = 0.1
    patience: int = 2
    precision: str = "auto"
    seed: int = 0


LORA = Recipe(lora_rank=16, lr=1e-3)
"""Where an adapter is learnt."""
