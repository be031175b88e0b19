"""The layout of a row of ``risks``: how many purchases of a merchant, card, device or address were labelled, and how
many of those were frauds."""

from __future__ import annotations

from schemas.layout import SCALES_MS as PROFILE_SCALES_MS

SCALES_MS = {scale: PROFILE_SCALES_MS[scale] for scale in ("1d", "7d", "30d")}
"""Time scales of the counts. Frauds are told a week or so after the purchase: of an hour nothing would be left."""

LABEL_COLUMNS = tuple(f"labels_{scale}" for scale in SCALES_MS)
FRAUD_COLUMNS = tuple(f"frauds_{scale}" for scale in SCALES_MS)
RISK_COLUMNS = {
    "kind": "UInt8",
    "id": "String",
    "version": "UInt64",
    "last_ms": "Int64",
    "frauds": "Int64",
    **dict.fromkeys((*LABEL_COLUMNS, *FRAUD_COLUMNS), "Float64"),
}
"""ClickHouse type by column of a row. ``kind`` is a code of ``schemas.layout.KINDS``, ``last_ms`` the latest purchase
labelled; ``frauds`` don't decay."""

MEMORY_MS = 180 * 86_400_000
"""Labels of which none is younger than this are forgotten: of the longest scale they have long decayed."""
