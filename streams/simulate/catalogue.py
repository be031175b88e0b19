"""What is on sale: in each category items from the cheapest to the dearest, some good and some not."""

from __future__ import annotations

import numpy as np

from streams.simulate.rows import Floats, Ints

CATEGORIES = (
    *("shoes", "shirts", "coats", "dresses", "bags", "hats", "watches", "jewellery"),
    *("phones", "laptops", "cameras", "audio", "games", "books", "films", "toys"),
    *("lamps", "chairs", "tables", "kitchen", "garden", "tools", "sports", "beauty"),
)
ITEMS = 400
"""Of a category."""
BRANDS = 40
"""An item's brand is its place in the category by price, modulo that: each brand has cheap and dear items."""
FAVOURITE = 0.7
LOYAL = 0.3
BESTSELLER = 0.2
_SPREAD = 0.12  # around a shopper's price level


class Catalogue:
    """Attributes
    ----------
    price
        (items,) in euros, ascending within a category.
    quality
        (items,) the share of buyers who are happy with it.
    """

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng((seed, 0))
        shape = (len(CATEGORIES), ITEMS)
        typical = rng.lognormal(3.4, 0.8, size=(len(CATEGORIES), 1))
        price = np.sort(typical * rng.lognormal(0, 0.6, size=shape))
        self.price: Floats = np.round(price, 2).ravel().astype(np.float64) + 0.5
        self.quality: Floats = rng.beta(5, 1.5, size=shape).ravel()

    def choose(self, rng: np.random.Generator, category: Ints, brand: Ints, level: Floats) -> Ints:
        """An item for each of n steps, by the shopper's tastes: category and brand, and ``level``, the place among the
        prices from 0 to 1."""
        n = len(category)
        chance = rng.random((3, n))
        category = np.where(chance[0] < FAVOURITE, category, rng.integers(0, len(CATEGORIES), n))
        among = np.where(chance[1] < BESTSELLER, rng.random(n) ** 3, level + _SPREAD * rng.standard_normal(n))
        place = (np.clip(among, 0, 0.9999) * ITEMS).astype(np.int64)
        place = np.where(chance[2] < LOYAL, place - place % BRANDS + brand, place)
        chosen: Ints = category * ITEMS + place
        return chosen
