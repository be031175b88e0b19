"""Texts that a tiny model tells apart at once."""

from __future__ import annotations

import numpy as np

from models.text.training.examples import Examples, labelled


def examples(count: int, seed: int = 0) -> Examples:
    """Bad ones of the letters a to e, good ones of v to z, 4 to 24 long; each with stars, and every fourth neutral."""
    generator = np.random.default_rng(seed)
    letters = {1: "abcde", 3: "klmno", 5: "vwxyz"}
    stars = [int(generator.choice([1, 5])) if number % 4 else 3 for number in range(count)]
    texts = ["".join(generator.choice(list(letters[star]), generator.integers(4, 25))) for star in stars]
    return labelled(texts, ratings=stars)
