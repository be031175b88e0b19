"""Where a model is trained or judged."""

from __future__ import annotations

import torch

from streams.errors import Invalid


def device_of(name: str) -> torch.device:
    """``auto`` for the GPU if there is one. Raises ``Invalid`` where the device isn't there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise Invalid(f"there is no device {name}: {str(error).splitlines()[0]}") from None
    return device
