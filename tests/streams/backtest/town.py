"""A small town of shoppers whose purchases, frauds and silences are drawn at random, with labels a few days late."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from streams.backtest.activity import DAY_MS

START = 1_600_041_600_000  # a midnight, UTC
LABEL_DELAY_MS = 2 * DAY_MS

Event = dict[str, Any]


def events(*, days: int = 40, shoppers: int = 40, seed: int = 3) -> list[Event]:
    """Clicks, purchases and fraud labels in the order of time. Frauds are dear, and come to two merchants of ten."""
    rng = np.random.default_rng(seed)
    rest = rng.uniform(0.2, 1.0, size=shoppers)  # how often each comes
    made: list[Event] = []
    for day in range(days):
        for shopper in np.flatnonzero(rng.random(shoppers) < rest).tolist():
            ts = START + day * DAY_MS + int(rng.integers(DAY_MS))
            name, number = f"u{shopper}", len(made)
            merchant = int(rng.integers(10))
            fraud = bool(rng.random() < (0.3 if merchant < 2 else 0.01))
            amount = float(np.round(rng.lognormal(4.0 if fraud else 3.0, 0.5), 2))
            made.append({"type": "click", "event_id": f"c{number}", "user_id": name, "ts": ts - 60_000})
            purchase = {"type": "purchase", "event_id": f"p{number}", "user_id": name, "ts": ts, "amount": amount}
            made.append(purchase | {"order_id": f"o{number}", "merchant": f"m{merchant}", "card": f"card-{name}"})
            label = {"type": "fraud_label", "event_id": f"l{number}", "user_id": name, "ts": ts + LABEL_DELAY_MS}
            made.append(label | {"target": f"p{number}", "verdict": "fraud" if fraud else "ok"})
    return sorted(made, key=lambda event: event["ts"])


def written(file: Path, made: list[Event]) -> Path:
    """The events as JSON lines."""
    file.write_text("\n".join(map(json.dumps, made)))
    return file
